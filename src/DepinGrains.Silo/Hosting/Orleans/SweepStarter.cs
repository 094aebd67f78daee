using DepinGrains.Contracts.Network;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.Grains.Sweeps;
using Microsoft.Extensions.Options;

namespace DepinGrains.Silo.Hosting;

/// <summary>
/// Every silo knocks at every sweep shard every few seconds: the runtime keeps one activation of each, so the knock does nothing unless its silo died. Reminders do the same, but once a minute
/// at the most, and a deadline must fire within a block.
/// </summary>
internal sealed partial class SweepStarter(IGrainFactory grains, IHostApplicationLifetime lifetime, IOptions<SweepOptions> sweeps, TimeProvider time, ILogger<SweepStarter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.StartedAsync(stoppingToken);
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            for (var shard = 0; shard < sweeps.Value.Shards; shard++)
            {
                await KnockAsync(shard);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task KnockAsync(int shard)
    {
        try
        {
            await grains.GetGrain<ISweepGrain>(shard).WakeAsync();
        }
        catch (Exception problem)
        {
            LogNotWoken(shard, problem.Message);
        }
    }

    [LoggerMessage(4310, LogLevel.Warning, "Sweep shard {Shard} did not answer and is tried again: {Problem}")]
    private partial void LogNotWoken(int shard, string problem);
}
