using DepinGrains.Storage.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Storage.Hosting;

/// <summary>Drops events beyond retention, a bounded piece at a time. Several processes may do so at once.</summary>
internal sealed partial class EventTrimmer(IEventLog events, IOptions<StoreOptions> options, TimeProvider time, ILogger<EventTrimmer> log) : BackgroundService
{
    private const int Piece = 5_000;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                while (await events.TrimAsync(time.GetUtcNow() - options.Value.EventRetention, Piece, stoppingToken).ConfigureAwait(false) == Piece)
                {
                }
            }
            catch (Exception problem) when (problem is StoreUnavailableException or Rows.StoreOverloadedException)
            {
                LogNotTrimmed(log, problem.Message);
            }
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "Old events were not dropped, the next round tries again: {Problem}")]
    private static partial void LogNotTrimmed(ILogger log, string problem);
}
