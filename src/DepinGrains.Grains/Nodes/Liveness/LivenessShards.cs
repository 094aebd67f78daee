using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>Which shard watches a node.</summary>
public sealed class LivenessShards(IGrainFactory grains, IOptions<LivenessOptions> options)
{
    // Kept: Orleans finds a reference anew by the interface's name at each request, which costs more than the call of one beat.
    private readonly ILivenessShardGrain?[] _shards = new ILivenessShardGrain?[options.Value.Shards];

    /// <summary>How many there are.</summary>
    public int Count => _shards.Length;

    /// <summary>Number of a node's shard.</summary>
    public int IndexOf(string node) => NodeRows.BucketOf(node) % Count;

    /// <summary>A shard by its number.</summary>
    public ILivenessShardGrain Shard(int index) => _shards[index] ??= grains.GetGrain<ILivenessShardGrain>(index);

    /// <summary>The shard of a node.</summary>
    public ILivenessShardGrain Of(string node) => Shard(IndexOf(node));
}
