using System.Collections.Immutable;
using System.Security.Cryptography;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes.Benchmarks;

namespace DepinGrains.Grains.Nodes;

/// <summary>A node's newest benchmark, as its row keeps it. What passed by without a word (nobody began, no answer came) follows from the time.</summary>
/// <param name="Nonce">Empty until the agent begins.</param>
/// <param name="Session">The session it began in; 0 before.</param>
/// <param name="TimeMs">For the node's class, slack included; 0 before.</param>
public sealed record NodeBenchmark(
    BenchmarkOrder Order, ImmutableArray<byte> Nonce, long Session, string Hardware, int HardwareClass, int TimeMs, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, Refusal? Failure)
{
    /// <summary>An order nobody has begun.</summary>
    public static NodeBenchmark Offered(BenchmarkOrder order) => new(order, [], 0, "", 0, 0, null, null, null);

    /// <summary>When the answer must be there; null before it runs.</summary>
    public DateTimeOffset? Deadline => StartedAt?.AddMilliseconds(TimeMs);

    /// <summary>As it stands now.</summary>
    public NodeBenchmark At(DateTimeOffset now) =>
        EndedAt is not null ? this
        : StartedAt is null ? (now > Order.Until ? Ended(Order.Until, Refusal.Of("node.benchmark_expired", $"the agent did not begin before {Order.Until:O}: is it connected, and does it keep up with its gateway?", ("until", Order.Until.ToString("O")))) : this)
        : now > Deadline ? Ended(now, Late(now)) : this;

    /// <summary>Where it stands.</summary>
    public BenchmarkStatus Status => EndedAt is not null ? Failure is null ? BenchmarkStatus.Passed : BenchmarkStatus.Failed : StartedAt is null ? BenchmarkStatus.Offered : BenchmarkStatus.Running;

    /// <summary>Neither passed nor failed.</summary>
    public bool IsOpen => EndedAt is null;

    /// <summary>Over, well or badly.</summary>
    public NodeBenchmark Ended(DateTimeOffset at, Refusal? failure) => this with { EndedAt = at, Failure = failure };

    /// <summary>Over, because its session is.</summary>
    public NodeBenchmark Lost(DateTimeOffset at, long session) =>
        Ended(at, Refusal.Of("node.benchmark_session_lost", $"the connection it ran in (session {Session}) was replaced by session {session} before the answer", ("session", Session), ("newest", session)));

    /// <summary>The order as the agent hears of it; null when there is nothing to do.</summary>
    public BenchmarkOffer? Offer(DateTimeOffset now) => At(now).IsOpen ? new BenchmarkOffer(Order.Id, Order.Work, Order.TimeMs, Order.Until) : null;

    /// <summary>How late an answer is.</summary>
    public Refusal Late(DateTimeOffset now)
    {
        var late = (long)Math.Ceiling((now - Deadline!.Value).TotalMilliseconds);
        return Refusal.Of(
            "node.benchmark_late", $"no answer within {TimeMs} ms, the time for {Order.Work} blocks on hardware of class {HardwareClass}", ("timeMs", TimeMs), ("lateMs", late), ("work", Order.Work), ("class", HardwareClass));
    }

    /// <summary>As anyone may see it.</summary>
    public BenchmarkView View(string node) => new(
        Order.Id, node, Order.Purpose, Status, Order.Work, StartedAt is null ? Order.TimeMs : TimeMs, HardwareClass, Order.Until, Session, Hardware, Deadline, EndedAt,
        StartedAt is { } began && EndedAt is { } ended ? (long)(ended - began).TotalMilliseconds : null, Failure);
}

/// <summary>Bytes for benchmarks that nobody can guess. Replaced in simulation.</summary>
public interface IBenchmarkNonces
{
    /// <summary><see cref="BenchmarkWork.NonceBytes"/> fresh bytes.</summary>
    byte[] Next();
}

/// <summary>From the system's random numbers.</summary>
public sealed class RandomBenchmarkNonces : IBenchmarkNonces
{
    /// <inheritdoc/>
    public byte[] Next() => RandomNumberGenerator.GetBytes(BenchmarkWork.NonceBytes);
}
