using System.Collections.Immutable;

namespace DepinGrains.Contracts.Nodes;

/// <summary>One beat of one node.</summary>
[GenerateSerializer, Immutable, Alias("depin.liveness.beat.v1")]
public readonly record struct Beat([property: Id(0)] string Node, [property: Id(1)] long Session, [property: Id(2)] long AppliedGeneration);

/// <summary>Answer to a beat: the generation the node should have, the interval to beat at, and whether the session is still the newest.</summary>
[GenerateSerializer, Immutable, Alias("depin.liveness.beat_answer.v1")]
public readonly record struct BeatAnswer([property: Id(0)] string Node, [property: Id(1)] long Generation, [property: Id(2)] int IntervalMs, [property: Id(3)] bool Current);

/// <summary>
/// Watches a fixed share of the nodes (FNV-1a of the node id modulo the shard count) with a timer wheel; key = shard number.
/// Gateways send beats in batches. A shard that just activated waits one whole time-out before it declares anyone dead.
/// </summary>
[Alias("depin.liveness.grain")]
public interface ILivenessShardGrain : IGrainWithIntegerKey
{
    /// <summary>A node connected with a new session.</summary>
    [Alias("connected")]
    Task ConnectedAsync(string node, long session, long generation);

    /// <summary>The desired state of a node changed; the next answer carries it.</summary>
    [Alias("changed")]
    Task ChangedAsync(string node, long generation);

    /// <summary>Takes beats, answers each.</summary>
    [Alias("beats")]
    Task<ImmutableArray<BeatAnswer>> BeatAsync(ImmutableArray<Beat> beats);

    /// <summary>The shard starts watching; hosts call it so that nodes silent since before a restart are noticed.</summary>
    [Alias("wake")]
    Task WakeAsync();
}
