using System.Collections.Immutable;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Leases;
using DepinGrains.Domain.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Leases;

/// <summary>One replica of a lease as kept: where it runs and what its node last said.</summary>
public sealed record LeaseWorkload(string Id, string Service, int Replica, string Node, ImmutableArray<string> Addresses, WorkloadStatus? Status, long ReportSession, long ReportSequence);

/// <summary>The row of a lease. Manifests (env, credentials) are not here: the node keeps them, encrypted.</summary>
public sealed record LeaseState(
    LeaseTerms Terms,
    LeaseStatus Status,
    ImmutableArray<LeaseWorkload> Workloads,
    DateTimeOffset? ReclaimAt,
    DateTimeOffset? ClosedAt,
    int CloseReason,
    string CloseDetail,
    bool Released) : RowDocument
{
    /// <summary>The column that rows written before lists were shown from columns alone have no value in; see <see cref="ListQuery.DocumentsWhereNull"/>.</summary>
    public const string NewestColumn = "close_detail";

    /// <summary>Position of <c>owner</c> among the columns.</summary>
    public const int OwnerColumn = 0;

    /// <summary>Position of <c>provider</c> among the columns.</summary>
    public const int ProviderColumn = 1;

    /// <summary>Position of <c>status</c> among the columns.</summary>
    public const int StatusColumn = 4;

    /// <summary>Position of <c>opened_ms</c> among the columns; <c>closed_ms</c> follows.</summary>
    public const int OpenedColumn = 6;

    /// <summary>Position of <c>rate</c> among the columns; <c>currency</c>, <c>close_reason</c> and <c>close_detail</c> follow.</summary>
    public const int RateColumn = 13;

    /// <summary>The table; leases are listed by owner, provider and state, newest first; those of a node by <see cref="LeaseNodeState"/>.</summary>
    public static readonly RowKind<LeaseState> Kind = new(
        new TableDefinition(
            "lease",
            [
                new("owner", ColumnType.Text),
                new("provider", ColumnType.Text),
                new("deployment", ColumnType.Text),
                new("market", ColumnType.Text),
                new("status", ColumnType.Text),
                new("node", ColumnType.Text),
                new("opened_ms", ColumnType.Int64),
                new("closed_ms", ColumnType.Int64),
                new("cpu_milli", ColumnType.Int64),
                new("memory_bytes", ColumnType.Int64),
                new("gpus", ColumnType.Int64),
                new("unreleased", ColumnType.Boolean),
                new("resource_class", ColumnType.Text),
                new("rate", ColumnType.Text),
                new("currency", ColumnType.Text),
                new("close_reason", ColumnType.Int64),
                new("close_detail", ColumnType.Text),
            ],
            [
                new("owner", ["owner", "opened_ms"]),
                new("provider", ["provider", "opened_ms"]),
                new("status", ["status", "opened_ms"]),
                new("opened", ["opened_ms"]),
                new("closed", ["closed_ms"]),
                new("unreleased", ["unreleased"]),
            ]),
        static state => Columns(state));

    /// <summary>The resource class of what a lease books.</summary>
    public static string ResourceClassOf(LeaseTerms terms) => ResourceClassOf(Slots(terms));

    private static DemandSlot[] Slots(LeaseTerms terms) => [.. terms.Bookings.SelectMany(static b => b.Demand.Slots)];

    private static string ResourceClassOf(DemandSlot[] slots) =>
        ResourceClasses.Of(slots.Sum(static s => s.CpuMilli), slots.Sum(static s => s.MemoryBytes), slots.Sum(static s => s.Gpus), GpuModel(slots));

    private static ImmutableArray<object?> Columns(LeaseState state)
    {
        var slots = Slots(state.Terms);
        return
        [
            state.Terms.Owner,
            state.Terms.Provider,
            state.Terms.Deployment,
            state.Terms.Market,
            LeaseNames.Of(state.Status),
            state.Terms.Bookings.Length == 1 ? state.Terms.Bookings[0].Node : "",
            state.Terms.OpenedAt.ToUnixTimeMilliseconds(),
            state.ClosedAt?.ToUnixTimeMilliseconds(),
            slots.Sum(static s => s.CpuMilli),
            slots.Sum(static s => s.MemoryBytes),
            (long)slots.Sum(static s => s.Gpus),
            state is { Status: LeaseStatus.Closed, Released: false },
            ResourceClassOf(slots),
            state.Terms.Rate,
            state.Terms.Currency,
            (long)state.CloseReason,

            // A party's own words, which the document keeps as they are: what a column cannot hold must not keep a lease from closing.
            ColumnText.Of(state.CloseDetail),
        ];
    }

    /// <summary>The model of the first slot with cards; its selector was fixed to one model when it was placed.</summary>
    private static string GpuModel(DemandSlot[] slots) =>
        slots.Where(static s => s is { Gpus: > 0, GpuAttributes.IsEmpty: false }).Select(static s => GpuSelector.TryParse(s.GpuAttributes[0], out var selector) ? selector.Model : "").FirstOrDefault() ?? "";
}

/// <summary>The node side of a lease, one child row per node, so that the leases of a node are found by SQL however many nodes a lease spans.</summary>
public sealed record LeaseNodeState(string Node, string Lease, string Deployment, bool Open) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<LeaseNodeState> Kind = new(
        new TableDefinition(
            "lease_node",
            [new("node", ColumnType.Text), new("lease", ColumnType.Text), new("deployment", ColumnType.Text), new("open", ColumnType.Boolean)],
            [new("node", ["node", "open"])]),
        static state => [state.Node, state.Lease, state.Deployment, state.Open]);
}

/// <summary>Names of states in columns, events and the API.</summary>
public static class LeaseNames
{
    /// <summary>Snake case name of a state.</summary>
    public static string Of(LeaseStatus status) => status switch
    {
        LeaseStatus.Active => "active",
        LeaseStatus.Reclaiming => "reclaiming",
        LeaseStatus.InsufficientFunds => "insufficient_funds",
        _ => "closed",
    };

    /// <summary>The state of a name; names this build does not know are closed leases to it.</summary>
    public static LeaseStatus Read(string name) => name switch
    {
        "active" => LeaseStatus.Active,
        "reclaiming" => LeaseStatus.Reclaiming,
        "insufficient_funds" => LeaseStatus.InsufficientFunds,
        _ => LeaseStatus.Closed,
    };
}
