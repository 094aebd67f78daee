using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>What the provider's own nodes have free, as the API last said; saves pricing and bidding for what would be refused. Their books decide.</summary>
internal sealed class OwnCapacity(Session session, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly SemaphoreSlim _one = new(1);
    private PackingCluster _cluster = new([], [], null);
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;

    /// <summary>Null when the order would fit; else the rule with the numbers.</summary>
    public async Task<Refusal?> WhyNotAsync(FeedOrder order, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (time.GetUtcNow() - _readAt > Fresh)
            {
                _cluster = await ReadAsync();
                _readAt = time.GetUtcNow();
            }
        }
        finally
        {
            _one.Release();
        }

        return _cluster.Nodes.IsEmpty ? Refusal.Of("provider.no_nodes", "no node of yours is online") : Packing.Place(_cluster, OrderTerms.Demand(order.Spec)).Refusal;
    }

    public void Dispose() => _one.Dispose();

    private async Task<PackingCluster> ReadAsync()
    {
        var nodes = await session.ListAsync($"/v1/nodes?provider={session.Identity}&status=online");
        var pool = await session.GetAsync($"/v1/providers/{session.Identity}/addresses");
        return new PackingCluster(
            [.. nodes.Select(static n => new PackingNode((string)n!["id"]!, n["free"]!.Deserialize<FreeCapacity>(Json)!, Of(n["overcommit"]), n["hardware"]!["executors"]!.Deserialize<ImmutableArray<string>>(Json)))],
            ImmutableArray<StorageClassCapacity>.Empty,
            (int)pool["total"]! > 0 ? new IpPool((int)pool["total"]!, (int)pool["leased"]!, (int)pool["reserved"]!) : null);
    }

    private static Overcommit Of(JsonNode? node) => node is null ? default : new Overcommit((int)node["cpuPercent"]!, (int)node["memoryPercent"]!, (int)node["storagePercent"]!);
}
