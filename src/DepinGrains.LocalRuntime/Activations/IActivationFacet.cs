namespace DepinGrains.LocalRuntime.Activations;

/// <summary>A constructor argument that must be ready before the grain is told of its activation.</summary>
internal interface IActivationFacet
{
    Task ActivateAsync(CancellationToken cancellationToken);
}
