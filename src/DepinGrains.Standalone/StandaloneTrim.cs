using System.Runtime;

namespace DepinGrains.Standalone;

/// <summary>
/// Gives back what starting took: configuration, options, the compiler's and the runtime's own start leave a heap several times as large as what an idle network needs, and nothing would
/// collect it while nobody calls. Once, a few seconds after the start; on a laptop that runs much else it is worth the pause of some ten milliseconds.
/// </summary>
internal sealed class StandaloneTrim(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan After = TimeSpan.FromSeconds(4);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(After, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stoppingToken.IsCancellationRequested)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
