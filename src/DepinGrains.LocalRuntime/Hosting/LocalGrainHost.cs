using Microsoft.Extensions.Hosting;

namespace DepinGrains.LocalRuntime.Hosting;

/// <summary>Starts and stops the runtime with its host.</summary>
internal sealed class LocalGrainHost(GrainEngine engine) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => engine.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => engine.StopAsync(cancellationToken);
}
