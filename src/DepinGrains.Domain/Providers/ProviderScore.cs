using DepinGrains.Contracts.Leases;

namespace DepinGrains.Domain.Providers;

/// <summary>
/// A provider's score: between bids of one price the higher one wins. It counts how leases ended. Losing one costs as much as ten good ones earn, and only those count that ran for an hour: a score bought
/// with leases to oneself costs their take fee for as long.
/// </summary>
public static class ProviderScore
{
    /// <summary>Neither good nor bad years count for ever.</summary>
    public const long Max = 1_000;

    /// <summary>Added for a lease that ran until its tenant, or its money, ended it.</summary>
    public const long Kept = 1;

    /// <summary>Taken for a lease that its provider ended or lost with a node.</summary>
    public const long Broken = 10;

    /// <summary>How long a lease must have run to count as kept.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    /// <summary>The score after a lease ended.</summary>
    /// <param name="reason">Its close reason (<see cref="LeaseCloseReasons"/>).</param>
    /// <param name="ran">How long it was open.</param>
    public static long After(long score, int reason, TimeSpan ran) => Math.Clamp(
        LeaseCloseReasons.PartyOf(reason) == LeaseCloseParty.Provider ? score - Broken : ran >= KeptFor ? score + Kept : score,
        -Max,
        Max);
}
