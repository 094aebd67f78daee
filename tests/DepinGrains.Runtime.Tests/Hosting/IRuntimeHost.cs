namespace DepinGrains.Runtime.Tests.Hosting;

/// <summary>A running grain runtime, of whichever kind this build is for.</summary>
internal interface IRuntimeHost : IAsyncDisposable
{
    IGrainFactory Grains { get; }

    /// <summary>The services grains get.</summary>
    IServiceProvider Services { get; }

    /// <summary>Stops everything in good order.</summary>
    Task StopAsync();
}
