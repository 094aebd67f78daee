using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>Wakes every shard once the host has started, so that nodes silent since before a restart are noticed though nobody beats; reminders keep them awake from then on.</summary>
public sealed partial class LivenessStarter(
    LivenessShards shards, INodeNotifier notifier, LivenessHints hints, IHostApplicationLifetime lifetime, ILogger<LivenessStarter> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listening = notifier.Listen(hints);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        for (var index = 0; index < shards.Count; index++)
        {
            while (!await TryWakeAsync(index))
            {
                await Task.Delay(Pause, TimeProvider.System, stoppingToken);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stoppingToken);
    }

    private async Task<bool> TryWakeAsync(int index)
    {
        try
        {
            await shards.Shard(index).WakeAsync();
            return true;
        }
        catch (Exception problem)
        {
            LogWakeFailed(index, problem);
            return false;
        }
    }

    [LoggerMessage(3210, LogLevel.Warning, "Liveness shard {Shard} could not be woken and is tried again")]
    private partial void LogWakeFailed(int shard, Exception problem);
}
