using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments;

/// <summary>What can happen to a deployment.</summary>
public enum DeploymentTrigger
{
    /// <summary>The escrow was funded.</summary>
    Opened = 0,

    /// <summary>The escrow was refused.</summary>
    OpenRefused = 1,

    /// <summary>The tenant closes it.</summary>
    Close = 2,

    /// <summary>Everything below it is closed and refunded.</summary>
    Finished = 3,
}

/// <summary>What can happen to a group.</summary>
public enum GroupTrigger
{
    /// <summary>The tenant pauses it.</summary>
    Pause = 0,

    /// <summary>The provider ended its lease: no new order by itself.</summary>
    ProviderClosed = 1,

    /// <summary>The tenant starts it again: a new order.</summary>
    Start = 2,

    /// <summary>The tenant closes it, or its deployment.</summary>
    Close = 3,

    /// <summary>The escrow ran dry.</summary>
    RanOut = 4,

    /// <summary>A deposit came within the grace: the lease goes on.</summary>
    Rescued = 5,

    /// <summary>The tenant ended its lease: the group stays open and a new order appears.</summary>
    Relisted = 6,
}

/// <summary>What can happen to an order.</summary>
public enum OrderTrigger
{
    /// <summary>A bid won.</summary>
    Award = 0,

    /// <summary>Its lease, group or deployment closed, or nobody bid.</summary>
    Close = 1,
}

/// <summary>What can happen to a bid.</summary>
public enum BidTrigger
{
    /// <summary>It won.</summary>
    Win = 0,

    /// <summary>Another won; its deposit goes back.</summary>
    Lose = 1,

    /// <summary>The provider took it back, or the order closed; its deposit goes back.</summary>
    Close = 2,
}

/// <summary>
/// The tables of lifecycle.json. Differences: creating and closing a deployment have a state of their own (their sagas are resumable); running out of money pauses
/// a group for the grace instead of closing the deployment, and a deposit resumes it.
/// </summary>
public static class Lifecycle
{
    /// <summary>Deployments; a new one is <see cref="DeploymentStatus.Opening"/>.</summary>
    public static TransitionTable<DeploymentStatus, DeploymentTrigger> Deployment { get; } = new(
        "deployment",
        (DeploymentTrigger.Opened, [DeploymentStatus.Opening], DeploymentStatus.Active),
        (DeploymentTrigger.OpenRefused, [DeploymentStatus.Opening], DeploymentStatus.Closed),
        (DeploymentTrigger.Close, [DeploymentStatus.Opening, DeploymentStatus.Active, DeploymentStatus.Closing], DeploymentStatus.Closing),
        (DeploymentTrigger.Finished, [DeploymentStatus.Closing, DeploymentStatus.Closed], DeploymentStatus.Closed));

    /// <summary>Groups; a new one is <see cref="GroupStatus.Open"/>.</summary>
    public static TransitionTable<GroupStatus, GroupTrigger> Group { get; } = new(
        "group",
        (GroupTrigger.Pause, [GroupStatus.Open], GroupStatus.Paused),
        (GroupTrigger.ProviderClosed, [GroupStatus.Open, GroupStatus.InsufficientFunds], GroupStatus.Paused),
        (GroupTrigger.Start, [GroupStatus.Paused, GroupStatus.InsufficientFunds], GroupStatus.Open),
        (GroupTrigger.Close, [GroupStatus.Open, GroupStatus.Paused, GroupStatus.InsufficientFunds], GroupStatus.Closed),
        (GroupTrigger.RanOut, [GroupStatus.Open, GroupStatus.InsufficientFunds], GroupStatus.InsufficientFunds),
        (GroupTrigger.Rescued, [GroupStatus.InsufficientFunds], GroupStatus.Open),
        (GroupTrigger.Relisted, [GroupStatus.Open], GroupStatus.Open));

    /// <summary>Orders; a new one is <see cref="OrderStatus.Open"/> and its number is one above the last (<see cref="NextOrder"/>).</summary>
    public static TransitionTable<OrderStatus, OrderTrigger> Order { get; } = new(
        "order",
        (OrderTrigger.Award, [OrderStatus.Open], OrderStatus.Active),
        (OrderTrigger.Close, [OrderStatus.Open, OrderStatus.Active], OrderStatus.Closed));

    /// <summary>Bids; a new one is <see cref="BidStatus.Open"/>.</summary>
    public static TransitionTable<BidStatus, BidTrigger> Bid { get; } = new(
        "bid",
        (BidTrigger.Win, [BidStatus.Open], BidStatus.Active),
        (BidTrigger.Lose, [BidStatus.Open], BidStatus.Lost),
        (BidTrigger.Close, [BidStatus.Open, BidStatus.Active], BidStatus.Closed));

    /// <summary>The number of a group's next order, or null while one is open or active: a group has one order at a time.</summary>
    public static int? NextOrder(IReadOnlyCollection<OrderStatus> earlier) => earlier.Any(static o => o != OrderStatus.Closed) ? null : earlier.Count + 1;

    /// <summary>True when a new order appears at once after a lease ended: the tenant ended it and the group is still open (Akash CloseLease), never after the provider did.</summary>
    public static bool Relists(GroupStatus group, int closeReason) =>
        group == GroupStatus.Open && Contracts.Leases.LeaseCloseReasons.PartyOf(closeReason) == Contracts.Leases.LeaseCloseParty.Owner;
}
