using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;

namespace DepinGrains.Domain.Leases;

/// <summary>What can happen to a lease.</summary>
public enum LeaseTrigger
{
    /// <summary>The tenant ends it.</summary>
    TenantClose = 0,

    /// <summary>The provider announces that it takes the hardware back.</summary>
    StartReclaim = 1,

    /// <summary>The provider ends it.</summary>
    ProviderClose = 2,

    /// <summary>The escrow ran dry.</summary>
    RanOut = 3,

    /// <summary>A deposit came within the grace.</summary>
    Rescued = 4,

    /// <summary>The network ends it: the grace is over.</summary>
    NetworkClose = 5,

    /// <summary>The node under it is gone: ended with a provider's reason whatever the reclamation window.</summary>
    NodeLost = 6,
}

/// <summary>Where a lease stands, as far as its transitions care.</summary>
/// <param name="ReclaimWindowSeconds">Agreed notice; 0 = the provider may close at once.</param>
/// <param name="ReclaimAt">Deadline, once announced.</param>
/// <param name="CloseReason">The first reason given; later ones do not replace it.</param>
public readonly record struct LeaseStanding(LeaseStatus Status, long ReclaimWindowSeconds, DateTimeOffset? ReclaimAt, int CloseReason);

/// <summary>The table of lease states (lifecycle.json, with run-out as a pause instead of an end).</summary>
public static class LeaseTransitions
{
    /// <summary>The standing after <paramref name="trigger"/>. Closing what is closed changes nothing: the first reason stays.</summary>
    /// <param name="reason">Of a close, in the range of whoever closes; ignored otherwise.</param>
    /// <returns>
    /// <c>lease.reason_invalid</c>, <c>lease.closed</c>, <c>lease.no_reclaim_window</c>, <c>lease.reclaim_not_started</c>, <c>lease.reclaim_window_not_elapsed</c>,
    /// <c>lease.transition_refused</c>.
    /// </returns>
    public static Result<LeaseStanding> Apply(LeaseStanding lease, LeaseTrigger trigger, DateTimeOffset now, int reason = LeaseCloseReasons.None)
    {
        if (Closer(trigger) is { } party)
        {
            return Close(lease, trigger, party, now, reason);
        }

        return (lease.Status, trigger) switch
        {
            (LeaseStatus.Closed, _) => Refusal.Of("lease.closed", $"the lease was closed: {LeaseCloseReasons.NameOf(lease.CloseReason)}", ("reason", lease.CloseReason)),
            (LeaseStatus.Active, LeaseTrigger.StartReclaim) when lease.ReclaimWindowSeconds <= 0 =>
                Refusal.Of("lease.no_reclaim_window", "no reclamation window was agreed: the lease may be closed at once"),
            (LeaseStatus.Active, LeaseTrigger.StartReclaim) =>
                lease with { Status = LeaseStatus.Reclaiming, ReclaimAt = now.AddSeconds(lease.ReclaimWindowSeconds) },
            (LeaseStatus.Reclaiming, LeaseTrigger.StartReclaim) => lease,
            (LeaseStatus.Active or LeaseStatus.Reclaiming, LeaseTrigger.RanOut) => lease with { Status = LeaseStatus.InsufficientFunds },
            (LeaseStatus.InsufficientFunds, LeaseTrigger.RanOut) => lease,
            // A reclamation announced before the pause goes on with its old deadline.
            (LeaseStatus.InsufficientFunds, LeaseTrigger.Rescued) =>
                lease with { Status = lease.ReclaimAt is null ? LeaseStatus.Active : LeaseStatus.Reclaiming },
            _ => Refusal.Of("lease.transition_refused", $"{trigger} does not apply to a lease that is {lease.Status}", ("from", lease.Status), ("trigger", trigger)),
        };
    }

    private static LeaseCloseParty? Closer(LeaseTrigger trigger) => trigger switch
    {
        LeaseTrigger.TenantClose => LeaseCloseParty.Owner,
        LeaseTrigger.ProviderClose or LeaseTrigger.NodeLost => LeaseCloseParty.Provider,
        LeaseTrigger.NetworkClose => LeaseCloseParty.Network,
        _ => null,
    };

    private static Result<LeaseStanding> Close(LeaseStanding lease, LeaseTrigger trigger, LeaseCloseParty party, DateTimeOffset now, int reason)
    {
        if (reason == LeaseCloseReasons.None || LeaseCloseReasons.PartyOf(reason) != party)
        {
            return Refusal.Of("lease.reason_invalid", $"reason {reason} is not one a {party.ToString().ToLowerInvariant()} may give", ("reason", reason), ("party", party));
        }

        if (lease.Status == LeaseStatus.Closed)
        {
            return lease;
        }

        return trigger == LeaseTrigger.ProviderClose && WindowRefusal(lease, now) is { } refusal
            ? refusal
            : lease with { Status = LeaseStatus.Closed, CloseReason = reason };
    }

    /// <summary>A provider that agreed to a window must announce and wait; a lease without money waits for nobody.</summary>
    private static Refusal? WindowRefusal(LeaseStanding lease, DateTimeOffset now) => lease switch
    {
        { ReclaimWindowSeconds: <= 0 } or { Status: LeaseStatus.InsufficientFunds } => null,
        { ReclaimAt: null } => Refusal.Of(
            "lease.reclaim_not_started",
            $"a reclamation window of {lease.ReclaimWindowSeconds} s was agreed: announce it first",
            ("windowSeconds", lease.ReclaimWindowSeconds)),
        { ReclaimAt: { } deadline } when now < deadline => Refusal.Of(
            "lease.reclaim_window_not_elapsed",
            $"the reclamation window ends at {deadline:O}, it is {now:O}",
            ("deadline", deadline.ToString("O", System.Globalization.CultureInfo.InvariantCulture)),
            ("now", now.ToString("O", System.Globalization.CultureInfo.InvariantCulture))),
        _ => null,
    };
}
