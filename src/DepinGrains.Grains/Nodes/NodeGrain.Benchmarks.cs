using System.Buffers.Text;
using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Identities;
using DepinGrains.Domain.Nodes.Benchmarks;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Nodes;

/// <content>
/// A timed benchmark of the node by its own agent: offered with the desired state, begun by the agent's word, answered in the session it began in. One at a time. The work's seed is made when the agent begins, the blocks
/// that are computed again are chosen when its answers are there: neither can be known before.
/// </content>
public sealed partial class NodeGrain
{
    /// <inheritdoc/>
    public async Task<Result<BenchmarkView>> OfferBenchmarkAsync(BenchmarkOrder order)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (state.Benchmark is { } same && same.Order.Id == order.Id)
        {
            return same.At(now).View(Id);
        }

        if (WhyNotOffer(state, order, now) is { } refusal)
        {
            return refusal;
        }

        var offered = NodeBenchmark.Offered(order);
        var next = state with { Benchmark = offered, Generation = state.Generation + 1 };
        if (await CommitAsync(next, now, eventType: null) is { } lost)
        {
            return lost;
        }

        notifier.GenerationChanged(Id, next.Generation);
        return offered.View(Id);
    }

    /// <inheritdoc/>
    public async Task<Result<BenchmarkTask>> StartBenchmarkAsync(long session, string id)
    {
        var now = clock.Now;
        var found = FindBenchmark(session, id);
        if (!found.IsOk)
        {
            return found.Refusal;
        }

        var benchmark = found.Value.At(now);
        if (!benchmark.IsOpen)
        {
            return Over(benchmark);
        }

        if (benchmark.StartedAt is not null)
        {
            return TaskOf(benchmark);
        }

        var state = Swept(_row.Value!, now);
        var order = benchmark.Order;
        var free = Math.Min(state.Hardware.CpuMilli, NodeRules.Free(state, state.Bookings).CpuMilli);
        var hardwareClass = BenchmarkTime.ClassOf(order.LeastCpuMilli, free);
        var begun = benchmark with
        {
            Nonce = [.. nonces.Next()],
            Session = session,
            Hardware = NodeRules.Fingerprint(state.Hardware),
            HardwareClass = hardwareClass,
            TimeMs = BenchmarkTime.Of(order.TimeMs, hardwareClass) + order.SlackMs,
            StartedAt = now,
        };
        return await CommitAsync(state with { Benchmark = begun }, now, eventType: null) is { } lost ? lost : TaskOf(begun);
    }

    /// <inheritdoc/>
    public async Task<Result<BenchmarkView>> AnswerBenchmarkAsync(BenchmarkAnswer answer)
    {
        var now = clock.Now;
        var found = FindBenchmark(answer.Session, answer.Id);
        if (!found.IsOk)
        {
            return found.Refusal;
        }

        var known = found.Value;
        if (!known.IsOpen)
        {
            return Over(known);
        }

        if (known.StartedAt is null)
        {
            return Refusal.Of("node.benchmark_not_begun", $"benchmark {known.Order.Id} was answered before it was begun", ("benchmark", known.Order.Id));
        }

        return await EndBenchmarkAsync(known.Ended(now, now > known.Deadline ? known.Late(now) : WhyWrong(known, answer)), now);
    }

    /// <inheritdoc/>
    public async Task<Result<BenchmarkView>> DeclineBenchmarkAsync(long session, string id, string reason)
    {
        var now = clock.Now;
        var found = FindBenchmark(session, id);
        if (!found.IsOk)
        {
            return found.Refusal;
        }

        var benchmark = found.Value.At(now);
        if (!benchmark.IsOpen)
        {
            return Over(benchmark);
        }

        var why = NodeChecks.IsText(reason, 1, 256) ? reason : "no reason that could be shown";
        return await EndBenchmarkAsync(benchmark.Ended(now, Refusal.Of("node.benchmark_declined", $"the node's agent does not do it: {why}", ("reason", why))), now);
    }

    /// <inheritdoc/>
    public Task<Result<BenchmarkView>> GetBenchmarkAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult<Result<BenchmarkView>>(!_row.Exists ? NotFound() : _row.Value.Benchmark is { } benchmark ? benchmark.At(clock.Now).View(Id) : NoBenchmark(""));
    }

    private Refusal? WhyNotOffer(NodeState state, BenchmarkOrder order, DateTimeOffset now)
    {
        if (state.Liveness == NodeStatus.Retired)
        {
            return Retired(state);
        }

        if (order.Work is < 1 or > NodeBenchmarkLimits.WorkMax || order.TimeMs is < 1 or > NodeBenchmarkLimits.TimeMsMax || order.SlackMs is < 0 or > NodeBenchmarkLimits.TimeMsMax || order.LeastCpuMilli < 0 || order.Until <= now || !NodeChecks.IsText(order.Id, 1, 256) || !NodeChecks.IsText(order.Purpose, 1, 256))
        {
            return Refusal.Of(
                "node.benchmark_invalid", $"a benchmark has 1 to {NodeBenchmarkLimits.WorkMax} blocks of work, 1 to {NodeBenchmarkLimits.TimeMsMax} ms and some time to begin", ("workMax", NodeBenchmarkLimits.WorkMax), ("timeMsMax", NodeBenchmarkLimits.TimeMsMax));
        }

        if (state.Benchmark?.At(now) is not { } last)
        {
            return null;
        }

        if (last.IsOpen && last.Order.Purpose != order.Purpose)
        {
            var until = last.Deadline ?? last.Order.Until;
            return Refusal.Of("node.benchmark_busy", $"node {Id} is at another benchmark until {until:O} at the latest", ("node", Id), ("until", until.ToString("O")));
        }

        // Who guesses must not guess on at once.
        var rest = last is { Failure.Code: "node.benchmark_wrong", EndedAt: { } ended } ? ended + _options.BenchmarkWrongRest - now : TimeSpan.Zero;
        return rest > TimeSpan.Zero
            ? Refusal.Of("node.benchmark_rest", $"node {Id} answered wrong; the next benchmark may begin in {rest.TotalSeconds:F0} s", ("node", Id), ("seconds", (long)Math.Ceiling(rest.TotalSeconds)))
            : null;
    }

    /// <summary>The benchmark an agent speaks of, in its present session.</summary>
    private Result<NodeBenchmark> FindBenchmark(long session, string id)
    {
        _row.ThrowIfLost();
        return !_row.Exists ? NotFound()
            : _row.Value.Session != session ? Stale(_row.Value, session)
            : _row.Value.Benchmark is { } benchmark && benchmark.Order.Id == id ? benchmark
            : NoBenchmark(id);
    }

    private Refusal? WhyWrong(NodeBenchmark benchmark, BenchmarkAnswer answer)
    {
        var order = benchmark.Order;
        if (answer.Digests.IsDefault || answer.Digests.Length != order.Work)
        {
            return Refusal.Of("node.benchmark_wrong", $"{(answer.Digests.IsDefault ? 0 : answer.Digests.Length)} answers to {order.Work} blocks", ("work", order.Work), ("had", answer.Digests.IsDefault ? 0 : answer.Digests.Length));
        }

        if (!IsSigned(answer))
        {
            return Refusal.Of("node.benchmark_unsigned", "the answer is not signed by the node's key", ("node", Id));
        }

        var memory = new ulong[BenchmarkWork.Words];
        foreach (var at in BenchmarkWork.Sample(nonces.Next(), order.Work, NodeBenchmarkLimits.Samples))
        {
            if (BenchmarkWork.Digest(benchmark.Nonce.AsSpan(), at, memory) != answer.Digests[at])
            {
                return Refusal.Of("node.benchmark_wrong", $"block {at} of {order.Work} is wrong", ("block", at), ("work", order.Work));
            }
        }

        return null;
    }

    private bool IsSigned(BenchmarkAnswer answer)
    {
        var parsed = VerificationKey.Parse(_row.Value!.PublicKey);
        if (!parsed.IsOk)
        {
            return false;
        }

        using var key = parsed.Value;
        var signature = new byte[64];
        return answer.Signature is { Length: 86 } && Base64Url.TryDecodeFromChars(answer.Signature, signature, out var written) && written == signature.Length
            && key.Verify(BenchmarkAnswers.Text(Id, answer.Session, answer.Id, answer.Digests), signature);
    }

    private async Task<Result<BenchmarkView>> EndBenchmarkAsync(NodeBenchmark ended, DateTimeOffset now)
    {
        var view = ended.View(Id);
        var changes = new Changes().Event($"node/{Id}", NodeEvents.BenchmarkEnded, Id, new { view.Node, view.Status, view.Work, view.TimeMs, view.HardwareClass, view.ElapsedMs, Failure = view.Failure?.Code });
        return await CommitAsync(Swept(_row.Value!, now) with { Benchmark = ended }, now, eventType: null, changes) is { } lost ? lost : ended.Failure is { } failure ? failure : view;
    }

    private static BenchmarkTask TaskOf(NodeBenchmark benchmark) => new(benchmark.Order.Id, benchmark.Nonce, benchmark.Order.Work, benchmark.TimeMs, benchmark.Deadline!.Value);

    private static Refusal Over(NodeBenchmark benchmark) =>
        benchmark.Failure ?? Refusal.Of("node.benchmark_over", $"benchmark {benchmark.Order.Id} was answered before and passed", ("benchmark", benchmark.Order.Id));

    private Refusal NoBenchmark(string id) => Refusal.Of("node.benchmark_unknown", $"this is no benchmark of node {Id}", ("node", Id), ("benchmark", NodeChecks.IsText(id, 0, 256) ? id : ""));
}

/// <summary>Bounds of a benchmark.</summary>
public static class NodeBenchmarkLimits
{
    /// <summary>Most blocks of work: the answers must fit into one message.</summary>
    public const int WorkMax = 4_096;

    /// <summary>Longest time, and longest slack.</summary>
    public const int TimeMsMax = 600_000;

    /// <summary>Blocks computed again: who leaves out a quarter of them is found in nine of ten tries, who leaves out half in all but one of 256.</summary>
    public const int Samples = 8;
}
