using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.Grains.Sweeps;
using Microsoft.Extensions.Options;

namespace DepinGrains.Standalone;

/// <summary>Wakes sweeps when the process has started: what was left unfinished by the last one goes on at once.</summary>
internal sealed class StandaloneWaker(IGrainFactory grains, IHostApplicationLifetime lifetime, IOptions<SweepOptions> sweeps) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.StartedAsync(stoppingToken);
        for (var shard = 0; shard < sweeps.Value.Shards; shard++)
        {
            await grains.GetGrain<ISweepGrain>(shard).WakeAsync();
        }
    }
}
