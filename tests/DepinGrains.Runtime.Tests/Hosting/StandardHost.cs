namespace DepinGrains.Runtime.Tests.Hosting;

/// <summary>One host with default settings for all tests of a class; tests keep apart by their keys.</summary>
public sealed class StandardHost : IAsyncLifetime
{
    private IRuntimeHost? _host;

    internal IRuntimeHost Host => _host!;

    internal MemoryStorage Storage { get; } = new();

    public async ValueTask InitializeAsync() => _host = await RuntimeHost.StartAsync(new RuntimeSettings { Storage = Storage });

    public async ValueTask DisposeAsync() => await _host!.DisposeAsync();
}
