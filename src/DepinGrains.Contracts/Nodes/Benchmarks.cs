using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Nodes;

/// <summary>A market wants a node to show what it can.</summary>
/// <param name="Id">The market's; once per benchmark.</param>
/// <param name="Purpose">What it counts for, e.g. <c>subnet/7/id_…/key_…</c>: another order for the same takes its place, one for something else waits until it is over.</param>
/// <param name="Work">Blocks of work, 1 MiB each.</param>
/// <param name="TimeMs">Time for the least hardware the market takes; see <c>BenchmarkTime</c>.</param>
/// <param name="LeastCpuMilli">That least hardware; 0: any, all have the same time.</param>
/// <param name="SlackMs">Time on top for the way there and back.</param>
/// <param name="Until">When the agent must have begun.</param>
[GenerateSerializer, Immutable, Alias("depin.node.benchmark.order.v1")]
public sealed record BenchmarkOrder(
    [property: Id(0)] string Id,
    [property: Id(1)] string Purpose,
    [property: Id(2)] int Work,
    [property: Id(3)] int TimeMs,
    [property: Id(4)] long LeastCpuMilli,
    [property: Id(5)] int SlackMs,
    [property: Id(6)] DateTimeOffset Until);

/// <summary>What the agent hears of a benchmark before it begins: nothing it could compute with.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.benchmark.offer.v1")]
public sealed record BenchmarkOffer([property: Id(0)] string Id, [property: Id(1)] int Work, [property: Id(2)] int TimeMs, [property: Id(3)] DateTimeOffset Until);

/// <summary>A benchmark whose time runs.</summary>
/// <param name="Nonce">Seed of the work, 16 bytes nobody knew before.</param>
/// <param name="TimeMs">Time for this node's class of hardware, slack included.</param>
[GenerateSerializer, Immutable, Alias("depin.node.benchmark.task.v1")]
public sealed record BenchmarkTask([property: Id(0)] string Id, [property: Id(1)] ImmutableArray<byte> Nonce, [property: Id(2)] int Work, [property: Id(3)] int TimeMs, [property: Id(4)] DateTimeOffset Deadline);

/// <summary>An agent's answer.</summary>
/// <param name="Session">The session it began in.</param>
/// <param name="Digests">One per block of work, in order.</param>
/// <param name="Signature">Of the node's key over <see cref="BenchmarkAnswers.Text"/>, base64url.</param>
[GenerateSerializer, Immutable, Alias("depin.node.benchmark.answer.v1")]
public sealed record BenchmarkAnswer([property: Id(0)] long Session, [property: Id(1)] string Id, [property: Id(2)] ImmutableArray<ulong> Digests, [property: Id(3)] string Signature);

/// <summary>Where a benchmark stands.</summary>
[GenerateSerializer]
public enum BenchmarkStatus
{
    /// <summary>Its agent has not begun.</summary>
    Offered = 0,
    Running = 1,
    Passed = 2,
    Failed = 3,
}

/// <summary>A node's newest benchmark.</summary>
/// <param name="HardwareClass">Doublings of free CPU over the least asked for, when it began.</param>
/// <param name="TimeMs">The order's; once it runs, its class's with slack.</param>
/// <param name="Session">The connection it runs or ran in; 0 before.</param>
/// <param name="Hardware">Fingerprint of what the agent had detected when it began; empty before.</param>
/// <param name="ElapsedMs">From the nonce's leaving to the answer's arrival; null before.</param>
/// <param name="Failure">Why it failed: <c>node.benchmark_expired</c>, <c>_late</c>, <c>_wrong</c>, <c>_unsigned</c>, <c>_session_lost</c>, <c>_declined</c>, with numbers.</param>
[GenerateSerializer, Immutable, Alias("depin.node.benchmark.view.v1")]
public sealed record BenchmarkView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Node,
    [property: Id(2)] string Purpose,
    [property: Id(3)] BenchmarkStatus Status,
    [property: Id(4)] int Work,
    [property: Id(5)] int TimeMs,
    [property: Id(6)] int HardwareClass,
    [property: Id(7)] DateTimeOffset Until,
    [property: Id(8)] long Session,
    [property: Id(9)] string Hardware,
    [property: Id(10)] DateTimeOffset? Deadline,
    [property: Id(11)] DateTimeOffset? EndedAt,
    [property: Id(12)] long? ElapsedMs,
    [property: Id(13)] Refusal? Failure);

/// <summary>What a node's key signs under its answers.</summary>
public static class BenchmarkAnswers
{
    /// <summary>The signed text: binds the answers to the node, its session and the benchmark.</summary>
    public static string Text(string node, long session, string id, ImmutableArray<ulong> digests)
    {
        var bytes = new byte[digests.Length * sizeof(ulong)];
        for (var i = 0; i < digests.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), digests[i]);
        }

        return string.Create(CultureInfo.InvariantCulture, $"depin-benchmark\n{node}\n{session}\n{id}\n{Convert.ToHexStringLower(SHA256.HashData(bytes))}");
    }

    /// <summary>Its bytes.</summary>
    public static byte[] Bytes(string node, long session, string id, ImmutableArray<ulong> digests) => Encoding.UTF8.GetBytes(Text(node, session, id, digests));
}
