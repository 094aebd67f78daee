using DepinGrains.LocalRuntime.Calls;

namespace Orleans.Runtime;

/// <summary>Names a grain; calls made on it become messages.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    // Only the runtime's own proxies derive from it.
    private protected GrainReference(GrainId grainId) => GrainId = grainId;

    /// <summary>Which grain.</summary>
    public GrainId GrainId { get; }

    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);

    /// <summary>Another interface of the same grain.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>() where TGrainInterface : IAddressable =>
        ((LocalGrainReference)this).Engine.Factory.Reference<TGrainInterface>(GrainId);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc />
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc />
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc />
    public sealed override string ToString() => $"GrainReference:{GrainId}";
}
