namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>What an epoch decided; index is the uid, u16 values stand for value/65535, emissions are rao.</summary>
public sealed record EpochOutcome
{
    /// <summary>Set weights within the activity cutoff.</summary>
    public required bool[] Active { get; init; }

    /// <summary>Stake-weighted sum of clipped weights, normalised.</summary>
    public required ushort[] Rank { get; init; }

    /// <summary>Share of the weight toward a uid that consensus left.</summary>
    public required ushort[] Trust { get; init; }

    /// <summary>Stake-weighted median of the weights toward a uid.</summary>
    public required ushort[] Consensus { get; init; }

    /// <summary>Share of the miners' half.</summary>
    public required ushort[] Incentive { get; init; }

    /// <summary>Share of the validators' half.</summary>
    public required ushort[] Dividends { get; init; }

    /// <summary>Incentive and dividends together.</summary>
    public required ulong[] Emission { get; init; }

    /// <summary>For mining.</summary>
    public required ulong[] ServerEmission { get; init; }

    /// <summary>For validating.</summary>
    public required ulong[] ValidatorEmission { get; init; }

    /// <summary>Combined share, the largest scaled to 65535: who is pruned first.</summary>
    public required ushort[] PruningScores { get; init; }

    /// <summary>Sum of a validator's weights that consensus left.</summary>
    public required ushort[] ValidatorTrust { get; init; }

    /// <summary>Permits for the next epoch.</summary>
    public required bool[] NewPermits { get; init; }

    /// <summary>Bonds to store.</summary>
    public required SparseRows Bonds { get; init; }

    /// <summary>Rao of the epoch's emission that truncation left unissued.</summary>
    public required ulong Dust { get; init; }
}
