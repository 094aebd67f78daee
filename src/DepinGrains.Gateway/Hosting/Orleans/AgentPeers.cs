using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Announces the connections of this process (new ones within a second, all of them every quarter of a minute) and asks for those of others.</summary>
internal sealed partial class AgentPeers(
    IGrainFactory grains, AgentConnections connections, LivenessShards shards, IServer server, IHostApplicationLifetime lifetime, IOptions<GatewayOptions> options, TimeProvider time, ILogger<AgentPeers> log)
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
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        _own = new Uri(options.Value.PeerUrl is { Length: > 0 } given ? given : server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
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
