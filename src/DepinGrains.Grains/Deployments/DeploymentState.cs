using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Deployments;

/// <summary>The award under way: written before its first step, removed with its last. While it lives only its owner may undo or finish it.</summary>
/// <param name="Provider">The winner.</param>
/// <param name="Attempt">Number of the winner's bid.</param>
public sealed record AwardIntent(string Provider, int Attempt)
{
    /// <summary>The tenant's command that asked for it, whose answer is what comes of it; null when the window's end did.</summary>
    public string? OperationId { get; init; }

    /// <summary>Fingerprint of that command, hexadecimal.</summary>
    public string? Print { get; init; }
}

/// <summary>A lease being ended: written before its first step.</summary>
/// <param name="Relist">Open a new order for the group afterwards.</param>
/// <param name="GroupAfter">Where the group stands afterwards, unless re-listed.</param>
public sealed record EndIntent(int Reason, string Detail, bool Relist, GroupStatus GroupAfter);

/// <summary>The newest order of a group.</summary>
/// <param name="Ceiling">Most per block for the whole group, exact decimal text.</param>
/// <param name="ScreenedAt">When managed bidding last looked at it; null = not yet.</param>
/// <param name="Deployed">Hash of the manifest the lease runs, empty until sent.</param>
/// <param name="Problem">Why it did not become a lease, for people.</param>
/// <param name="Tries">How often booking for a bid was tried: makes the ids of bookings and deposits, which are never used twice.</param>
public sealed record OrderState(
    int Oseq,
    OrderStatus Status,
    string Ceiling,
    DateTimeOffset OpenedAt,
    DateTimeOffset WindowEndsAt,
    DateTimeOffset? ScreenedAt,
    AwardIntent? Award,
    EndIntent? End,
    string? LeaseId,
    string? Winner,
    string Deployed,
    Refusal? Problem,
    int Tries = 0)
{
    /// <summary>
    /// Bids being booked: as closed, with everything still to give back. They get rows of their own when all of theirs is booked; what stands here when the deployment is found again is given back. Of an order
    /// that is decided in the step that booked them, all but the winner's stay here, open, until the award is over.
    /// </summary>
    public ImmutableArray<BidState> Trying { get; init; } = [];
}

/// <summary>A slot of a group and the resource unit it is a replica of.</summary>
/// <param name="Together">The set of services that reach each other and share a node, 0 = none, −1 = of an order older than this rule.</param>
public sealed record PlannedSlot(int Unit, DemandSlot Slot, int Together = -1);

/// <summary>One group. <paramref name="Slots"/>: one per replica of each service, without secrets.</summary>
public sealed record GroupState(int Gseq, GroupStatus Status, GroupSpec Spec, ImmutableArray<PlannedSlot> Slots, OrderState Order)
{
    /// <summary>Host names it is served under.</summary>
    public ImmutableArray<string> Hostnames { get; init; } = [];

    /// <summary>Names of its leased addresses.</summary>
    public ImmutableArray<string> Ips { get; init; } = [];
}

/// <summary>A standing order to top up and how far it got.</summary>
/// <param name="Spent">Minor units since <paramref name="PeriodStartedAt"/>.</param>
/// <param name="Count">Deposits tried: number n has the operation id <c>{deployment}/auto/{n}</c>.</param>
/// <param name="Intent">The deposit under way, minor units; 0 = none.</param>
/// <param name="RetryAt">After a refusal: not before this.</param>
public sealed record TopUpState(AutoTopUp Rule, DateTimeOffset PeriodStartedAt, long Spent, int Count, long Intent, DateTimeOffset? RetryAt, Refusal? Problem);

/// <summary>The row of a deployment. The SDL, with its env and credentials, is a sealed child row.</summary>
public sealed record DeploymentState(
    string Owner,
    string Dseq,
    DeploymentStatus Status,
    string Denom,
    long Deposit,
    string CreateId,
    string CreateFingerprint,
    string ManifestHash,
    WinnerRule Winner,
    long ReclaimMinSeconds,
    ImmutableArray<GroupState> Groups,
    DateTimeOffset CreatedAt,
    DateTimeOffset? PausedAt,
    DateTimeOffset? ClosedAt,
    string CloseDetail,
    Refusal? OpenRefusal,
    DateTimeOffset? NextActionAt) : RowDocument
{
    /// <summary>Why its owner closes it: what the leases that end with it keep.</summary>
    public int CloseReason { get; init; } = LeaseCloseReasons.Owner;

    /// <summary>Which money the first deposit takes; null = the owner's wallet.</summary>
    public DepositFrom? From { get; init; }

    /// <summary>The standing order that keeps it funded.</summary>
    public TopUpState? TopUp { get; init; }

    /// <summary>Position of <c>next_action_ms</c> among the columns.</summary>
    public const int NextActionColumn = 3;

    /// <summary>The table: lists by owner and state; the sweep by <c>next_action_ms</c>.</summary>
    public static readonly RowKind<DeploymentState> Kind = new(
        new TableDefinition(
            "deployment",
            [new("owner", ColumnType.Text), new("status", ColumnType.Text), new("created_ms", ColumnType.Int64), new("next_action_ms", ColumnType.Int64)],
            [new("owner", ["owner", "created_ms"]), new("next_action", ["next_action_ms"]), new("status", ["status", "created_ms"])]),
        static s => [s.Owner, s.Status.ToString().ToLowerInvariant(), s.CreatedAt.ToUnixTimeMilliseconds(), s.NextActionAt?.ToUnixTimeMilliseconds()]);

    /// <summary>Host names that may be claimed for this deployment: named here before the claim, taken out after the release.</summary>
    public ImmutableArray<string> HostnamesHeld { get; init; } = [];

    /// <summary>True while this bid is only being booked.</summary>
    public bool IsTrying(BidState bid) => Groups[bid.Gseq - 1].Order.Trying.Any(t => t.Key == bid.Key && t.Status != BidStatus.Open);

    /// <summary>Replaces a group.</summary>
    public DeploymentState With(GroupState group) => this with { Groups = Groups.SetItem(group.Gseq - 1, group) };
}

/// <summary>A part of a bid that books one node. <paramref name="Demand"/>: what is booked again when the booking lapsed before the award.</summary>
public sealed record BidBooking(string Node, string ReservationId, NodeDemand? Demand = null);

/// <summary>A bid; a child row of its deployment.</summary>
/// <param name="Attempt">The order's number of tries when this bid was made; a provider may bid again after its bid was closed.</param>
/// <param name="HoldId">The ledger hold of the bid's deposit, empty when none was asked.</param>
/// <param name="Released">Deposit and bookings were given back.</param>
public sealed record BidState(
    string Provider,
    int Gseq,
    int Oseq,
    int Attempt,
    BidStatus Status,
    string Price,
    string Denom,
    bool Managed,
    long Score,
    long Deposit,
    string HoldId,
    long ReclaimWindowSeconds,
    ImmutableArray<BidBooking> Bookings,
    DateTimeOffset At,
    bool Released) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<BidState> Kind = new(
        new TableDefinition(
            "bid",
            [new("provider", ColumnType.Text), new("order_id", ColumnType.Text), new("status", ColumnType.Text), new("at_ms", ColumnType.Int64)],
            [new("provider", ["provider", "at_ms"])]),
        static s => [s.Provider, $"{s.Gseq}/{s.Oseq}", s.Status.ToString().ToLowerInvariant(), s.At.ToUnixTimeMilliseconds()]);

    /// <summary>Names of the endpoints it holds addresses for, under <see cref="HoldId"/> in the provider's pool.</summary>
    public ImmutableArray<string> Ips { get; init; } = [];

    /// <summary>True once all of it was known to be booked and held; false while only its intent is known, and in rows of older versions.</summary>
    public bool Placed { get; init; }

    /// <summary>Its nodes keep its bookings in memory alone, because it is decided at once whether it wins; false as soon as it was chosen, since then a confirmation may be on its way.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault)]
    public bool Passing { get; init; }

    /// <summary>Until when its bookings hold; null in rows of older versions.</summary>
    public DateTimeOffset? BookedUntil { get; init; }

    /// <summary>True when it is over and gave everything back.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsDone => Released && Status is BidStatus.Lost or BidStatus.Closed;

    /// <summary>Keys below a deployment from the bids of an order on.</summary>
    public static string KeysFrom(int gseq, int oseq) => $"{gseq:D3}/{oseq:D6}/";

    /// <summary>Key below its deployment.</summary>
    public string Key => $"{Gseq:D3}/{Oseq:D6}/{Attempt:D4}/{Provider}";

    /// <summary>True for bids of this order.</summary>
    public bool Of(int gseq, int oseq) => Gseq == gseq && Oseq == oseq;
}

/// <summary>An order as the market lists it; a child row of its deployment.</summary>
public sealed record OrderRow(string Deployment, string Owner, int Gseq, int Oseq, OrderStatus Status, GroupSpec Spec, string Ceiling, string Denom, DateTimeOffset OpenedAt, DateTimeOffset WindowEndsAt, WinnerRule Winner) : RowDocument
{
    /// <summary>The reclamation window a bid must offer at least, seconds; 0 = none asked.</summary>
    public long ReclaimMinSeconds { get; init; }

    /// <summary>The table.</summary>
    public static readonly RowKind<OrderRow> Kind = new(
        new TableDefinition(
            "order",
            [new("owner", ColumnType.Text), new("status", ColumnType.Text), new("opened_ms", ColumnType.Int64)],
            [new("status", ["status", "opened_ms"])]),
        static s => [s.Owner, s.Status.ToString().ToLowerInvariant(), s.OpenedAt.ToUnixTimeMilliseconds()]);

    /// <summary>Key below its deployment.</summary>
    public static string KeyOf(int gseq, int oseq) => $"{gseq:D3}/{oseq:D6}";
}

/// <summary>Why others did not bid; one child row per order.</summary>
public sealed record ScreeningRow(ScreeningReport Report) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ScreeningRow> Kind = new(new TableDefinition("screening", [], []), static _ => []);
}

/// <summary>The sealed SDL.</summary>
public sealed record SealedSdl(string Sealed) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<SealedSdl> Kind = new(new TableDefinition("deployment_secret", [], []), static _ => []);
}
