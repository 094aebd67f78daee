using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;

namespace DepinGrains.Contracts.Deployments;

/// <summary>
/// One deployment: its groups, their orders and bids, and the sagas award, re-list, run-out and close. Key = <c>owner/dseq</c>.
/// Callers are authenticated by the gateway; ownership is checked here against the row.
/// </summary>
[Alias("depin.deployment.grain")]
public interface IDeploymentGrain : IGrainWithStringKey
{
    /// <summary>Opens the escrow, one order per group, and starts the auctions. <c>deployment.dseq_taken</c> when the key belongs to another request.</summary>
    [Alias("create")]
    Task<Result<DeploymentView>> CreateAsync(CreateDeployment command);

    /// <summary>The deployment with its groups, orders and bids, or <c>deployment.not_found</c>.</summary>
    [Alias("get")]
    Task<Result<DeploymentView>> GetAsync();

    /// <summary>Replaces the manifest (images, env, commands); resources and prices must stay.</summary>
    /// <param name="ifVersion">Refused with <c>request.version_mismatch</c> when the deployment has another version; null: whatever it has.</param>
    [Alias("update")]
    Task<Result<DeploymentView>> UpdateAsync(string operationId, string caller, string sdl, long? ifVersion = null);

    /// <summary>Adds money; a deployment paused for lack of it resumes.</summary>
    [Alias("deposit")]
    Task<Result<EscrowView>> DepositAsync(string operationId, string caller, long amount, DepositFrom from = DepositFrom.Balance);

    /// <summary>Sets the standing order that keeps the deployment funded, or with null ends it. <c>deployment.top_up_invalid</c> with the field.</summary>
    /// <param name="ifVersion">As in <see cref="UpdateAsync"/>.</param>
    [Alias("autoTopUp")]
    Task<Result<AutoTopUpView>> SetAutoTopUpAsync(string operationId, string caller, AutoTopUp? rule, long? ifVersion = null);

    /// <summary>The standing order.</summary>
    [Alias("getAutoTopUp")]
    Task<Result<AutoTopUpView>> GetAutoTopUpAsync();

    /// <summary>Closes everything and refunds what is left. The reason, 1 to 9999, stays with the leases.</summary>
    [Alias("close")]
    Task<Result<DeploymentView>> CloseAsync(string operationId, string caller, int reason = LeaseCloseReasons.Owner);

    /// <summary>Pauses (closing order and lease), starts (a new order) or closes a group.</summary>
    [Alias("group")]
    Task<Result<DeploymentView>> ChangeGroupAsync(string operationId, string caller, int gseq, GroupAction action);

    /// <summary>A provider bids for an open order: checked in the order Akash publishes (terms and offer, who bids and whether it has the room, deposit, reclamation, earlier bids).</summary>
    [Alias("bid")]
    Task<Result<BidView>> BidAsync(string operationId, SubmitBid bid);

    /// <summary>
    /// A provider takes its bid back, or ends the lease that came of it; <c>bid.award_in_flight</c> while it is neither. <paramref name="onlyOpen"/>: takes back what is still a bid; a lease that came of it stays, and the
    /// refusal is <c>bid.not_open</c>.
    /// </summary>
    [Alias("closeBid")]
    Task<Result<DeploymentView>> CloseBidAsync(string operationId, string provider, int gseq, int oseq, int reason, bool onlyOpen = false);

    /// <summary>The tenant picks a bid.</summary>
    [Alias("accept")]
    Task<Result<DeploymentView>> AcceptBidAsync(string operationId, string caller, int gseq, int oseq, string provider);

    /// <summary>The tenant ends a lease; while the group is open a new order appears at once. The reason, 1 to 9999, stays with the lease.</summary>
    [Alias("closeLease")]
    Task<Result<DeploymentView>> CloseLeaseAsync(string operationId, string caller, int gseq, int reason = LeaseCloseReasons.Owner);

    /// <summary>The provider announces that it takes a lease's hardware back after the agreed window; <c>lease.no_reclaim_window</c> when none was agreed.</summary>
    [Alias("reclaim")]
    Task<Result<DeploymentView>> StartReclaimAsync(string operationId, string provider, int gseq);

    /// <summary>The node under a lease is gone: the lease is closed for an unstable provider, and re-listed by policy.</summary>
    [Alias("nodeLost")]
    Task<Result<Done>> NodeLostAsync(string leaseId, string node);

    /// <summary>Pays a provider what its lease has earned.</summary>
    [Alias("withdraw")]
    Task<Result<EscrowView>> WithdrawAsync(string operationId, string provider, int gseq);

    /// <summary>Why others did not bid for an order.</summary>
    [Alias("why")]
    Task<Result<ScreeningReport>> WhyAsync(int gseq, int oseq);

    /// <summary>Something is due: the sweep's call. Moves every saga on; doing it again is harmless.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>How the winner is chosen.</summary>
[GenerateSerializer]
public enum WinnerRule
{
    /// <summary>Lowest bid when the window ends.</summary>
    Lowest = 0,

    /// <summary>The tenant picks.</summary>
    Pick = 1,
}

/// <summary>What a tenant can do with a group.</summary>
[GenerateSerializer]
public enum GroupAction
{
    Pause = 0,
    Start = 1,
    Close = 2,
}

/// <summary>Where a deployment stands.</summary>
[GenerateSerializer]
public enum DeploymentStatus
{
    /// <summary>The escrow deposit is being taken.</summary>
    Opening = 0,
    Active = 1,
    Closing = 2,
    Closed = 3,
}

/// <summary>Where a group stands.</summary>
[GenerateSerializer]
public enum GroupStatus
{
    Open = 0,
    Paused = 1,
    InsufficientFunds = 2,
    Closed = 3,
}

/// <summary>Where an order stands.</summary>
[GenerateSerializer]
public enum OrderStatus
{
    Open = 0,
    Active = 1,
    Closed = 2,
}

/// <summary>Where a bid stands.</summary>
[GenerateSerializer]
public enum BidStatus
{
    Open = 0,
    Active = 1,
    Lost = 2,
    Closed = 3,
}

/// <summary>Creates a deployment. <paramref name="Deposit"/> in minor units of the SDL's denomination, taken <paramref name="From"/> the owner's wallet when null.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.create.v1")]
public sealed record CreateDeployment(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string Owner,
    [property: Id(2)] string Sdl,
    [property: Id(3)] long Deposit,
    [property: Id(4)] WinnerRule Winner,
    [property: Id(5)] DepositFrom? From = null)
{
    /// <summary>Never prints the SDL: it may hold secrets.</summary>
    public override string ToString() => $"CreateDeployment({OperationId}, {Owner}, {Deposit})";
}

/// <summary>A bid. <paramref name="Price"/>: minor units per block for the whole group, exact decimal text, at most the order's ceiling.</summary>
/// <param name="Offer">What it offers for each unit; null or empty: exactly what was asked.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.submit_bid.v1")]
public sealed record SubmitBid(
    [property: Id(0)] string Provider,
    [property: Id(1)] int Gseq,
    [property: Id(2)] int Oseq,
    [property: Id(3)] string Price,
    [property: Id(4)] string Denom,
    [property: Id(5)] long Deposit,
    [property: Id(6)] long ReclaimWindowSeconds,
    [property: Id(7)] ImmutableArray<OfferedUnit>? Offer = null);

/// <summary>A bid as seen on the market.</summary>
/// <param name="BookedUntil">Open bids: until when its room is booked. Afterwards the bid stands, and its room is booked again when it is taken, or the award is refused with what is missing.</param>
/// <param name="ReclaimWindowSeconds">The notice it offers, 0 = none.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.bid.v1")]
public sealed record BidView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Provider,
    [property: Id(2)] BidStatus Status,
    [property: Id(3)] string Price,
    [property: Id(4)] string Denom,
    [property: Id(5)] ImmutableArray<string> Nodes,
    [property: Id(6)] bool Managed,
    [property: Id(7)] DateTimeOffset At,
    [property: Id(8)] DateTimeOffset? BookedUntil = null,
    [property: Id(9)] long ReclaimWindowSeconds = 0);

/// <summary>An order with its bids.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.order.v1")]
public sealed record OrderView(
    [property: Id(0)] string Id,
    [property: Id(1)] int Gseq,
    [property: Id(2)] int Oseq,
    [property: Id(3)] OrderStatus Status,
    [property: Id(4)] string Ceiling,
    [property: Id(5)] string Denom,
    [property: Id(6)] DateTimeOffset OpenedAt,
    [property: Id(7)] DateTimeOffset WindowEndsAt,
    [property: Id(8)] WinnerRule Winner,
    [property: Id(9)] string? LeaseId,
    [property: Id(10)] ImmutableArray<BidView> Bids,
    [property: Id(11)] Refusal? Problem);

/// <summary>A group of a deployment with its newest order.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.group.v1")]
public sealed record GroupView(
    [property: Id(0)] int Gseq,
    [property: Id(1)] GroupStatus Status,
    [property: Id(2)] GroupSpec Spec,
    [property: Id(3)] OrderView Order);

/// <summary>A deployment as its owner sees it.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.view.v1")]
public sealed record DeploymentView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Owner,
    [property: Id(2)] string Dseq,
    [property: Id(3)] DeploymentStatus Status,
    [property: Id(4)] string ManifestHash,
    [property: Id(5)] string Denom,
    [property: Id(6)] ImmutableArray<GroupView> Groups,
    [property: Id(7)] DateTimeOffset CreatedAt,
    [property: Id(8)] string CloseDetail,
    [property: Id(9)] long Version);

/// <summary>Why one provider (or one of its nodes) did not bid: the rule, what was wanted, what it had.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.verdict.v1")]
public sealed record ScreeningVerdict(
    [property: Id(0)] string Provider,
    [property: Id(1)] string? Node,
    [property: Id(2)] string Rule,
    [property: Id(3)] string Wanted,
    [property: Id(4)] string Had);

/// <summary>The screening of an order. At most 1,000 verdicts are kept; <paramref name="Counts"/> counts all by rule.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.screening.v1")]
public sealed record ScreeningReport(
    [property: Id(0)] string OrderId,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] int Considered,
    [property: Id(3)] ImmutableArray<string> Bidders,
    [property: Id(4)] ImmutableArray<ScreeningVerdict> Verdicts,
    [property: Id(5)] ImmutableArray<Fact> Counts);
