using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Runtime.Tests.Hosting;

/// <summary>What a test sets, in terms both runtimes know.</summary>
internal sealed class RuntimeSettings
{
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan CollectionAge { get; init; } = TimeSpan.FromMinutes(15);

    public TimeSpan CollectionQuantum { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan MinimumReminderPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Services of the grains' side.</summary>
    public Action<IServiceCollection> Services { get; init; } = static _ => { };

    /// <summary>Services of callers outside, where that is another side.</summary>
    public Action<IServiceCollection> ClientServices { get; init; } = static _ => { };

    /// <summary>Documents; survives a host given to a second one.</summary>
    public MemoryStorage Storage { get; init; } = new();

    /// <summary>Reminders; survives a host given to a second one.</summary>
    public ReminderMemory Reminders { get; init; } = new();
}
