using DepinGrains.ServiceDefaults.Health;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Whether any silo can be reached from this process, as the Orleans client tells it.</summary>
internal sealed class SilosConnection(IHostApplicationLifetime lifetime, IOptions<GatewayOptions> options, TimeProvider time) : IClusterConnectionStatusObserver, IReadiness
{
    private long _lostAt;

    /// <summary>No silo can be reached now.</summary>
    public bool Away => !lifetime.ApplicationStarted.IsCancellationRequested || Volatile.Read(ref _lostAt) != 0;

    /// <summary>
    /// Lost for longer than a takeover lasts. Not at once: while all gateways have lost all silos, one that answers 503 with Retry-After tells a client more than a refused connection.
    /// </summary>
    public string? NotReady =>
        Volatile.Read(ref _lostAt) is not 0 and var at && time.GetElapsedTime(at) > options.Value.NotReadyAfter ? "no silo can be reached" : null;

    /// <inheritdoc/>
    public void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered)
    {
        if (currentNumberOfGateways > 0)
        {
            Volatile.Write(ref _lostAt, 0);
        }
    }

    /// <inheritdoc/>
    public void NotifyClusterConnectionLost() => Interlocked.CompareExchange(ref _lostAt, time.GetTimestamp(), 0);
}
