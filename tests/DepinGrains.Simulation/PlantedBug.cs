namespace DepinGrains.Simulation;

/// <summary>Bugs the harness can plant to show that it would find them. The product cannot switch them on.</summary>
public enum PlantedBug
{
    /// <summary>The product as it is.</summary>
    None,

    /// <summary>The store does not compare versions: a stale activation writes over a newer row.</summary>
    NoVersionCheck,

    /// <summary>Now and then the store acknowledges a change set and forgets it.</summary>
    ForgottenCommit,

    /// <summary>Whatever an escrow pays is paid a second time under another id.</summary>
    PaidTwice,
}
