using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Hardware;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>A benchmark somebody was given. <paramref name="Seed"/> says which blocks are computed again; it never leaves the server.</summary>
public sealed record ChallengeRow(string Id, string Coldkey, ImmutableArray<byte> Nonce, ImmutableArray<byte> Seed, int Work, DateTimeOffset Deadline) : RowDocument
{
    /// <summary>The table; one open challenge per node.</summary>
    public static readonly RowKind<ChallengeRow> Kind = new(new TableDefinition("subnet_challenge", [], []), static _ => []);
}

/// <summary>Hardware that a subnet asks for: what the node's agent detected, and a benchmark that it does in time.</summary>
public sealed partial class SubnetGrain
{
    /// <summary>Blocks of work computed again: who leaves out a tenth of them is found in a third of the tries, who leaves out half in nearly all.</summary>
    private const int Samples = 4;

    /// <inheritdoc/>
    public async Task<Result<HardwareChallenge>> ChallengeAsync(string operationId, string coldkey, string node)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var terms = State.Hyperparameters;
        if (terms.BenchmarkWork == 0)
        {
            return Refusal.Of("registration.hardware_no_benchmark", $"subnet {Netuid} asks for no benchmark: register with the node alone", ("netuid", Netuid));
        }

        if (await WhyNotNodeHardwareAsync(node, coldkey) is { } refusal)
        {
            return refusal;
        }

        if (await ChallengeOfAsync(node) is { } open && open.Id == operationId)
        {
            return View(open, node);
        }

        var given = new ChallengeRow(
            operationId, coldkey, [.. nonces.Next()], [.. nonces.Next()], terms.BenchmarkWork, clock.Now.AddMilliseconds(terms.BenchmarkTimeMs + options.Value.BenchmarkSlackMs));
        await MustCommitAsync(State, new Changes().With(ChallengeRow.Kind.Child(Key, node, given)));
        return View(given, node);
    }

    private static HardwareChallenge View(ChallengeRow row, string node) => new(row.Id, node, row.Nonce, row.Work, row.Deadline);

    private async Task<ChallengeRow?> ChallengeOfAsync(string node) =>
        await store.ReadAsync(new RowId(ChallengeRow.Kind.Table.Kind, Key, node)) is { } row ? RowKind<ChallengeRow>.Read(row) : null;

    private async Task<Refusal?> WhyNotHardwareAsync(RegisterNeuron command, long block)
    {
        var terms = State.Hyperparameters;
        if (!HardwareRules.AsksForHardware(terms))
        {
            return command.Proof is { } named ? await WhyNotNodeAsync("registration", named.Node, command.Coldkey) : null;
        }

        if (command.Proof is not { } proof)
        {
            return Refusal.Of(
                "registration.hardware_unproved", $"subnet {Netuid} asks for hardware: register from a node of yours (--node)", ("netuid", Netuid), ("block", block), ("cpuMilli", terms.MinCpuMilli),
                ("memoryBytes", terms.MinMemoryBytes), ("gpus", terms.MinGpus), ("benchmarkWork", terms.BenchmarkWork));
        }

        return await WhyNotNodeHardwareAsync(proof.Node, command.Coldkey) ?? (terms.BenchmarkWork > 0 ? await WhyNotBenchmarkAsync(command, proof) : null);
    }

    private async Task<Refusal?> WhyNotNodeHardwareAsync(string node, string coldkey)
    {
        if (await WhyNotNodeAsync("registration", node, coldkey) is { } refusal)
        {
            return refusal;
        }

        var view = (await GrainFactory.GetGrain<INodeGrain>(node).GetAsync()).Require();
        return view.Status != NodeStatus.Online
            ? Refusal.Of("registration.hardware_offline", $"{node} is {view.Status}: its agent must be connected, so that what it detected is of now", ("node", node), ("status", view.Status))
            : HardwareRules.WhyNot(State.Hyperparameters, view.Hardware);
    }

    private async Task<Refusal?> WhyNotBenchmarkAsync(RegisterNeuron command, HardwareProof proof)
    {
        var given = await ChallengeOfAsync(proof.Node);
        if (given is null || given.Id != proof.Challenge || given.Coldkey != command.Coldkey)
        {
            return Refusal.Of("registration.hardware_no_challenge", "this is not the node's open benchmark: ask for a new one", ("node", proof.Node));
        }

        var late = (clock.Now - given.Deadline).TotalMilliseconds;
        if (late > 0)
        {
            return Refusal.Of("registration.hardware_too_slow", $"the benchmark's answer came {late:F0} ms late", ("lateMs", (long)late), ("work", given.Work));
        }

        if (proof.Digests.IsDefault || proof.Digests.Length != given.Work)
        {
            return Refusal.Of("registration.hardware_wrong", $"the benchmark has {given.Work} answers", ("work", given.Work));
        }

        var memory = new ulong[BenchmarkWork.Words];
        foreach (var at in BenchmarkWork.Sample(given.Seed.AsSpan(), given.Work, Samples))
        {
            if (BenchmarkWork.Digest(given.Nonce.AsSpan(), at, memory) != proof.Digests[at])
            {
                return Refusal.Of("registration.hardware_wrong", "an answer of the benchmark is wrong", ("work", given.Work));
            }
        }

        return null;
    }
}
