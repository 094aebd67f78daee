using Microsoft.Extensions.Hosting;

namespace DepinGrains.Grains.Network.Hosts;

/// <summary>For what begins when everything else has started.</summary>
public static class HostStart
{
    /// <summary>Completes once the host has started.</summary>
    public static async Task StartedAsync(this IHostApplicationLifetime lifetime, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(lifetime);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(cancel);
    }
}
