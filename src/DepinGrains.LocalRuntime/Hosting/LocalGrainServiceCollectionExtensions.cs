using DepinGrains.LocalRuntime.Activations;
using DepinGrains.LocalRuntime.Reminders;
using DepinGrains.LocalRuntime.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Hosting;

/// <summary>Puts the local grain runtime into a host.</summary>
public static class LocalGrainServiceCollectionExtensions
{
    /// <summary>
    /// Adds the runtime, <see cref="IGrainFactory"/> and <see cref="IClusterClient"/>. Reminders last in the registered <see cref="IReminderStore"/>;
    /// without one they are lost with the process. A bad option is an <see cref="ArgumentException"/> here.
    /// </summary>
    public static IServiceCollection AddLocalGrains(this IServiceCollection services, Action<LocalGrainOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new LocalGrainOptions();
        configure(options);
        options.Validate();
        services.AddLogging();
        services.AddSingleton(options);
        services.TryAddSingleton<IReminderStore, InMemoryReminderStore>();
        services.AddSingleton(static sp => new GrainEngine(
            sp,
            sp.GetRequiredService<LocalGrainOptions>(),
            sp.GetRequiredService<IReminderStore>(),
            sp.GetRequiredService<ILoggerFactory>(),
            sp.GetServices<IIncomingGrainCallFilter>(),
            sp.GetServices<IOutgoingGrainCallFilter>(),
            sp.GetService<SimulationScheduler>()));
        services.AddSingleton(static sp => new LocalGrainRuntime(sp.GetRequiredService<GrainEngine>()));
        services.AddSingleton<IClusterClient>(static sp => sp.GetRequiredService<GrainEngine>().Factory);
        services.AddSingleton<IGrainFactory>(static sp => sp.GetRequiredService<GrainEngine>().Factory);
        services.AddTransient<IGrainContext>(static _ => Activation.Current
            ?? throw new InvalidOperationException("IGrainContext is only available while a grain is being built"));
        services.AddHostedService<LocalGrainHost>();
        return services;
    }
}
