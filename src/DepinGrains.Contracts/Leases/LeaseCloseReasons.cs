namespace DepinGrains.Contracts.Leases;

/// <summary>Who ended a lease; each owns a range of 10,000 reason codes.</summary>
[GenerateSerializer]
public enum LeaseCloseParty
{
    /// <summary>0–9,999.</summary>
    Owner = 0,

    /// <summary>10,000–19,999.</summary>
    Provider = 1,

    /// <summary>20,000–29,999.</summary>
    Network = 2,
}

/// <summary>Why a lease ended; numbers as on Akash (market/v1/types.proto).</summary>
public static class LeaseCloseReasons
{
    /// <summary>Not closed.</summary>
    public const int None = 0;

    /// <summary>The tenant closed the lease, group or deployment.</summary>
    public const int Owner = 1;

    /// <summary>The workload or its node failed for too long.</summary>
    public const int Unstable = 10_000;

    /// <summary>The provider takes the hardware out.</summary>
    public const int Decommission = 10_001;

    /// <summary>The provider gives no reason.</summary>
    public const int Unspecified = 10_002;

    /// <summary>No manifest came in time.</summary>
    public const int ManifestTimeout = 10_003;

    /// <summary>The escrow ran dry and the grace is over.</summary>
    public const int InsufficientFunds = 20_000;

    /// <summary>What the tenant wants to run was refused, by a rule of the network and not by the provider.</summary>
    public const int ManifestRefused = 20_001;

    /// <summary>Who owns the reason, or null for a number outside all ranges.</summary>
    public static LeaseCloseParty? PartyOf(int reason) => reason switch
    {
        >= 0 and < 10_000 => LeaseCloseParty.Owner,
        >= 10_000 and < 20_000 => LeaseCloseParty.Provider,
        >= 20_000 and < 30_000 => LeaseCloseParty.Network,
        _ => null,
    };

    /// <summary>A word for the reason.</summary>
    public static string NameOf(int reason) => reason switch
    {
        None => "none",
        Owner => "owner",
        Unstable => "unstable",
        Decommission => "decommission",
        Unspecified => "unspecified",
        ManifestTimeout => "manifest_timeout",
        InsufficientFunds => "insufficient_funds",
        ManifestRefused => "manifest_refused",
        _ => PartyOf(reason) is { } party ? party.ToString().ToLowerInvariant() + "_" + reason.ToString(System.Globalization.CultureInfo.InvariantCulture) : "invalid",
    };
}
