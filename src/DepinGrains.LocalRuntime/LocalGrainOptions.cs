using System.Reflection;

namespace DepinGrains.LocalRuntime;

/// <summary>Settings of the local grain runtime. The defaults are Orleans' own.</summary>
public sealed class LocalGrainOptions
{
    /// <summary>Where grain classes are looked for.</summary>
    public IList<Assembly> Assemblies { get; } = [];

    /// <summary>How long callers wait for an answer; at least 10 ms. What ends a call chain that waits for itself.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may be unused before it is collected.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often unused activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Exceptions from <see cref="CollectionAge"/>, by grain class.</summary>
    public IDictionary<Type, TimeSpan> CollectionAgeByClass { get; } = new Dictionary<Type, TimeSpan>();

    /// <summary>When the token of <c>OnActivateAsync</c> is cancelled.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When <c>OnDeactivateAsync</c> is not waited for any longer.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The shortest reminder period accepted.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The clock of timers, reminders, time-outs and collection; null: the service <see cref="TimeProvider"/>, else the system's.</summary>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>Adds an assembly; may be chained.</summary>
    public LocalGrainOptions AddAssembly(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        Assemblies.Add(assembly);
        return this;
    }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Assemblies.Count, nameof(Assemblies));
        ArgumentOutOfRangeException.ThrowIfLessThan(ResponseTimeout, TimeSpan.FromMilliseconds(10), nameof(ResponseTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CollectionAge, TimeSpan.Zero, nameof(CollectionAge));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CollectionQuantum, TimeSpan.Zero, nameof(CollectionQuantum));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ActivationTimeout, TimeSpan.Zero, nameof(ActivationTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DeactivationTimeout, TimeSpan.Zero, nameof(DeactivationTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MinimumReminderPeriod, TimeSpan.Zero, nameof(MinimumReminderPeriod));
    }
}
