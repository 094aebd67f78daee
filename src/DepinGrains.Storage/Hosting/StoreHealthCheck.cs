using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DepinGrains.Storage.Hosting;

/// <summary>Reads from the store; the data say how long that took (ms) and how much waits for the committers.</summary>
internal sealed class StoreHealthCheck(IStore store) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var begun = Stopwatch.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(Patience);
        try
        {
            await store.PingAsync(stop.Token).ConfigureAwait(false);
            var data = new Dictionary<string, object> { ["milliseconds"] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds, ["waiting"] = store.Waiting };
            return HealthCheckResult.Healthy("the store answers", data);
        }
        catch (Exception problem)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "the store does not answer", problem);
        }
    }
}
