using Microsoft.Extensions.Hosting;

namespace DepinGrains.ServiceDefaults.Health;

/// <summary>Where this process stands in its life, and which of its parts say they are not ready.</summary>
public sealed class HostLife(IHostApplicationLifetime lifetime, IEnumerable<IReadiness> parts)
{
    private readonly IReadiness[] _parts = [.. parts];

    /// <summary>Everything was started; never false again.</summary>
    public bool Started => lifetime.ApplicationStarted.IsCancellationRequested;

    /// <summary>It was told to stop: what is under way is finished, new work should go elsewhere.</summary>
    public bool Draining => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Why new work should go elsewhere now, in words; null when it is welcome.</summary>
    public string? NotReady =>
        Draining ? "draining" : !Started ? "starting" : _parts.Select(static p => p.NotReady).FirstOrDefault(static why => why is not null);
}
