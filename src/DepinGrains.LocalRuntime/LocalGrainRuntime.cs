using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime;

/// <summary>Controls one runtime: what a host does by itself, and what tests and simulations do to it.</summary>
public sealed class LocalGrainRuntime
{
    private readonly GrainEngine _engine;

    internal LocalGrainRuntime(GrainEngine engine) => _engine = engine;

    /// <summary>Activations alive, stale doubles not counted.</summary>
    public int Activations => _engine.Directory.Count;

    /// <summary>The same by class of the grains.</summary>
    public IReadOnlyDictionary<Type, int> ActivationsByClass() => _engine.Directory.Unordered().GroupBy(static a => a.Class.Type).ToDictionary(static g => g.Key, static g => g.Count());

    /// <summary>Makes references.</summary>
    public IGrainFactory Grains => _engine.Factory;

    /// <summary>Begins reminders and idle collection. A host does this.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => _engine.StartAsync(cancellationToken);

    /// <summary>Ends every activation in good order. A host does this.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _engine.StopAsync(cancellationToken);

    /// <summary>Ends one activation in good order; false when there is none.</summary>
    public bool Deactivate(GrainId grain)
    {
        var found = _engine.Directory.Find(grain);
        found?.Deactivate(new DeactivationReason(DeactivationReasonCode.RuntimeRequested, "Asked for by a test."));
        return found is not null;
    }

    /// <summary>
    /// Lets the grain's activation live on as a stale double: it finishes what it has and keeps its timers, while new references reach a second one.
    /// False when there is none.
    /// </summary>
    public bool Detach(GrainId grain) => _engine.Detach(grain);

    /// <summary>
    /// Ends everything at once, as a killed process does: no grain code runs any more, no grain is told. Callers outside get an
    /// <see cref="OrleansException"/>: the outcome of their calls is unknown.
    /// </summary>
    public void Kill() => _engine.Kill();
}
