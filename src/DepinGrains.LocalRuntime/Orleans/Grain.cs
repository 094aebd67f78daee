using DepinGrains.LocalRuntime.Activations;
using Orleans.Runtime;

namespace Orleans;

/// <summary>The usual base class of a grain.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Takes the context of the activation being built; an instance made outside one has none.</summary>
    protected Grain() => GrainContext = Activation.Current!;

    /// <inheritdoc />
    public IGrainContext GrainContext { get; }

    /// <summary>Sends to other grains.</summary>
    protected IGrainFactory GrainFactory => Activation.Of(this).Engine.Factory;

    /// <inheritdoc />
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation once the running calls are done; the next call makes a new one.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);

    /// <summary>Keeps the activation from idle collection for at least <paramref name="timeSpan"/>; zero or less takes that back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Activation.Of(this).DelayDeactivation(timeSpan);
}
