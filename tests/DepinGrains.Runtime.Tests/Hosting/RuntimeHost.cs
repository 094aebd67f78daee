namespace DepinGrains.Runtime.Tests.Hosting;

/// <summary>Starts the runtime of this build.</summary>
internal static class RuntimeHost
{
    public static Task<IRuntimeHost> StartAsync(RuntimeSettings? settings = null) =>
#if ORLEANS_RUNTIME
        OrleansRuntimeHost.StartAsync(settings ?? new RuntimeSettings());
#else
        LocalRuntimeHost.StartAsync(settings ?? new RuntimeSettings());
#endif
}
