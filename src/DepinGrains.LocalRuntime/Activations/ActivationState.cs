namespace DepinGrains.LocalRuntime.Activations;

internal enum ActivationState : byte
{
    /// <summary>Nothing has run yet.</summary>
    Created,

    /// <summary>The instance is being built and told.</summary>
    Activating,

    /// <summary>Calls run.</summary>
    Valid,

    /// <summary>The last call is over, the instance is being told.</summary>
    Deactivating,

    /// <summary>Over; calls go to a successor.</summary>
    Invalid,
}
