using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>Passes a node's new generation on to its shard at once. A hint that is lost costs one <see cref="LivenessOptions.RefreshPeriod"/>.</summary>
public sealed class LivenessHints(LivenessShards shards) : INodeListener
{
    /// <inheritdoc/>
    public void GenerationChanged(string node, long generation) => _ = ForgetAsync(node, generation);

    /// <inheritdoc/>
    public void SessionChanged(string node, long session, bool retired)
    {
        // The gateway that holds the connection tells the shard itself and waits for it.
    }

    private async Task ForgetAsync(string node, long generation)
    {
        try
        {
            await shards.Of(node).ChangedAsync(node, generation);
        }
        catch (Exception)
        {
            // The shard reads changed rows anyway.
        }
    }
}
