using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Hardware;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>The benchmark a node was given for a registration. The node knows how it went; this says what it counts for.</summary>
/// <param name="Id">Also the benchmark's.</param>
public sealed record ChallengeRow(string Id, string Coldkey, string Hotkey, int Work, int TimeMs, long LeastCpuMilli) : RowDocument
{
    /// <summary>The table; one challenge per node.</summary>
    public static readonly RowKind<ChallengeRow> Kind = new(new TableDefinition("subnet_challenge", [], []), static _ => []);

    /// <summary>True when it was given for what the subnet asks now.</summary>
    public bool IsFor(SubnetHyperparameters terms) => (Work, TimeMs, LeastCpuMilli) == (terms.BenchmarkWork, terms.BenchmarkTimeMs, terms.MinCpuMilli);
}

/// <summary>Hardware that a subnet asks for: what the node's agent detected, and a benchmark that this agent does in time, in its own session.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<HardwareChallenge>> ChallengeAsync(string operationId, ChallengeNode command)
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

        if (!Hotkeys.TryParse(command.Hotkey, out var coldkey, out _) || coldkey != command.Coldkey)
        {
            return Refusal.Of("registration.hotkey_invalid", "a hotkey is a key of the coldkey's identity, id_…/key_…");
        }

        if (await WhyNotNodeHardwareAsync(command.Node, command.Coldkey) is { } refusal)
        {
            return refusal;
        }

        var given = new ChallengeRow(operationId, command.Coldkey, command.Hotkey, terms.BenchmarkWork, terms.BenchmarkTimeMs, terms.MinCpuMilli);
        var order = new BenchmarkOrder(
            operationId, $"subnet/{Key}/{command.Hotkey}", given.Work, given.TimeMs, given.LeastCpuMilli, options.Value.BenchmarkSlackMs, clock.Now + options.Value.BenchmarkOfferLifetime);
        var offered = await NodeOf(command.Node).OfferBenchmarkAsync(order);
        if (!offered.IsOk)
        {
            return offered.Refusal;
        }

        // Asked again for one that is over: a registration may have used it up.
        var open = offered.Value.Status is BenchmarkStatus.Offered or BenchmarkStatus.Running;
        if (open && (await ChallengeOfAsync(command.Node))?.Id != operationId)
        {
            await MustCommitAsync(State, new Changes().With(ChallengeRow.Kind.Child(Key, command.Node, given)));
        }

        return new HardwareChallenge(Netuid, command.Hotkey, offered.Value);
    }

    /// <inheritdoc/>
    public async Task<Result<HardwareChallenge>> GetChallengeAsync(string node)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        if (!NodeIds.IsNode(node) || await ChallengeOfAsync(node) is not { } given)
        {
            return NoChallenge(node);
        }

        var benchmark = await NodeOf(node).GetBenchmarkAsync();
        return benchmark.IsOk && benchmark.Value.Id == given.Id ? new HardwareChallenge(Netuid, given.Hotkey, benchmark.Value) : NoChallenge(node);
    }

    private INodeGrain NodeOf(string node) => GrainFactory.GetGrain<INodeGrain>(node);

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

        var view = (await NodeOf(node).GetAsync()).Require();
        return view.Status != NodeStatus.Online
            ? Refusal.Of("registration.hardware_offline", $"{node} is {view.Status}: its agent must be connected, so that what it detected is of now", ("node", node), ("status", view.Status))
            : HardwareRules.WhyNot(State.Hyperparameters, view.Hardware);
    }

    private async Task<Refusal?> WhyNotBenchmarkAsync(RegisterNeuron command, HardwareProof proof)
    {
        var given = await ChallengeOfAsync(proof.Node);
        if (given is null || given.Id != proof.Challenge || given.Hotkey != command.Hotkey || given.Coldkey != command.Coldkey || !given.IsFor(State.Hyperparameters))
        {
            return NoChallenge(proof.Node);
        }

        var asked = await NodeOf(proof.Node).GetBenchmarkAsync();
        if (!asked.IsOk || asked.Value.Id != given.Id)
        {
            return NoChallenge(proof.Node);
        }

        var benchmark = asked.Value;
        if (benchmark.Status != BenchmarkStatus.Passed)
        {
            return benchmark.Failure is { } failure
                ? HardwareRules.Failed(failure)
                : Refusal.Of("registration.hardware_pending", $"the node's benchmark is {benchmark.Status}: ask again when it is done", ("node", proof.Node), ("status", benchmark.Status));
        }

        var age = clock.Now - benchmark.EndedAt!.Value;
        if (age > options.Value.BenchmarkProofLifetime)
        {
            return Refusal.Of(
                "registration.hardware_expired", $"the benchmark was passed {age.TotalSeconds:F0} s ago and counts for {options.Value.BenchmarkProofLifetime.TotalSeconds:F0}", ("ageSeconds", (long)age.TotalSeconds),
                ("lifetimeSeconds", (long)options.Value.BenchmarkProofLifetime.TotalSeconds));
        }

        return (await NodeOf(proof.Node).GetAsync()).Require() is var now && NodeRules.Fingerprint(now.Hardware) != benchmark.Hardware
            ? Refusal.Of("registration.hardware_changed", "the node's agent has detected other hardware since the benchmark", ("node", proof.Node), ("session", benchmark.Session), ("newest", now.Session))
            : null;
    }

    private Refusal NoChallenge(string node) => Refusal.Of("registration.hardware_no_challenge", $"this is not the node's benchmark for this registration in subnet {Netuid}: ask for a new one", ("node", NodeIds.IsNode(node) ? node : ""), ("netuid", Netuid));
}
