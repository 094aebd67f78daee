using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.Grains.Sweeps;
using Microsoft.Extensions.Options;

namespace DepinGrains.Standalone;

/// <summary>Wakes sweeps when the process has started, so that what was left unfinished by the last one goes on at once, and makes the network known to itself.</summary>
internal sealed class StandaloneWaker(IGrainFactory grains, StandaloneNetwork network, IHostApplicationLifetime lifetime, IOptions<SweepOptions> sweeps) : BackgroundService
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.StartedAsync(stoppingToken);
        for (var shard = 0; shard < sweeps.Value.Shards; shard++)
        {
            await grains.GetGrain<ISweepGrain>(shard).WakeAsync();
        }

        using var again = new PeriodicTimer(BetweenTries);
        while (!await IsRegisteredAsync())
        {
            await again.WaitForNextTickAsync(stoppingToken);
        }
    }

    /// <summary>A store that is away for a moment at the start must not end the process.</summary>
    private async Task<bool> IsRegisteredAsync()
    {
        try
        {
            await network.RegisterAsync();
            return true;
        }
        catch (Exception away) when (away is InvalidOperationException or HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
