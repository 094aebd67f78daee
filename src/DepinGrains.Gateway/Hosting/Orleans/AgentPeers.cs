using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.Grains.Nodes.Liveness;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Announces the connections of this process (new ones within a second, all of them every quarter of a minute) and asks for those of others.</summary>
internal sealed partial class AgentPeers(
    IGrainFactory grains, AgentConnections connections, LivenessShards shards, GatewayAddress address, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AgentPeers> log)
    : BackgroundService, IAgentPeers
{
    private const int RoutesPerCallMax = 4_096;
    private const int RoundsPerRenewal = 15;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private Uri? _own;

    /// <inheritdoc/>
    public async Task<Uri?> FindAsync(string node) =>
        await Shard(shards.IndexOf(node)).FindAsync(node) is { } known && Uri.TryCreate(known, UriKind.Absolute, out var peer) && peer != _own ? peer : null;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.StartedAsync(stoppingToken);
        _own = address.Url;
        using var timer = new PeriodicTimer(Every, time);
        var announced = new HashSet<AgentRoute>();
        for (var round = 0; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            var held = connections.Routes();
            var due = round % RoundsPerRenewal == 0 ? held : [.. held.Where(r => !announced.Contains(r))];
            announced = await AnnounceAsync(due) ? [.. held] : [];
        }
    }

    private async Task<bool> AnnounceAsync(ImmutableArray<AgentRoute> routes)
    {
        try
        {
            foreach (var shard in routes.GroupBy(r => shards.IndexOf(r.Node)))
            {
                foreach (var part in shard.Chunk(RoutesPerCallMax))
                {
                    await Shard(shard.Key).AnnounceAsync(_own!.ToString(), [.. part]);
                }
            }

            return true;
        }
        catch (Exception problem)
        {
            LogNotAnnounced(problem.Message);
            return false;
        }
    }

    private IAgentRouteGrain Shard(int index) => grains.GetGrain<IAgentRouteGrain>(index);

    [LoggerMessage(3350, LogLevel.Warning, "Connections of agents could not be announced and are again: {Problem}")]
    private partial void LogNotAnnounced(string problem);
}
