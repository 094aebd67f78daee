using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace DepinGrains.ServiceDefaults.Health;

/// <summary>
/// Holds up the stop of everything else by <see cref="ManagementOptions.DrainDelay"/>. Readiness is false by then (<see cref="HostLife.Draining"/>), long-lived streams were told to go elsewhere, and
/// requests that still come in are still served.
/// </summary>
internal sealed class DrainService(IOptions<ManagementOptions> options, TimeProvider time) : IHostedLifecycleService
{
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.Delay(options.Value.DrainDelay, time, cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
