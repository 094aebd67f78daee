using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;

namespace DepinGrains.Contracts.Leases;

/// <summary>
/// One buyer's booking of slices of nodes at a price; key = <c>owner/dseq/gseq/oseq/provider</c>. Opened and closed by its deployment; it releases nodes itself, never money.
/// </summary>
[Alias("depin.lease.grain")]
public interface ILeaseGrain : IGrainWithStringKey
{
    /// <summary>
    /// Opens the lease over confirmed bookings, and puts what shall run onto the nodes as <see cref="DeployAsync"/> does; without workloads it only opens. The same terms again answer the same. Other
    /// terms: <c>lease.exists</c>; any other refusal is that of the workloads, and the lease stands.
    /// </summary>
    [Alias("open")]
    Task<Result<LeaseView>> OpenAsync(LeaseTerms terms, ImmutableArray<WorkloadSpec> workloads);

    /// <summary>Puts what shall run onto the booked nodes: one workload per slot of the bookings.</summary>
    [Alias("deploy")]
    Task<Result<LeaseView>> DeployAsync(ImmutableArray<WorkloadSpec> workloads);

    /// <summary>The lease, or <c>lease.not_found</c>.</summary>
    [Alias("get")]
    Task<Result<LeaseView>> GetAsync();

    /// <summary>An agent's report. Reports of an older session, or already counted, change nothing and are answered as done.</summary>
    [Alias("report")]
    Task<Result<Done>> ReportAsync(string node, long session, long sequence, ImmutableArray<WorkloadStatus> statuses);

    /// <summary>The money ran out or came back: stops or restarts the workloads, keeps the bookings.</summary>
    [Alias("suspend")]
    Task<Result<LeaseView>> SuspendAsync(bool suspended);

    /// <summary>The provider announces that it takes the hardware back after the agreed window.</summary>
    [Alias("reclaim")]
    Task<Result<LeaseView>> StartReclaimAsync(string operationId);

    /// <summary>Ends the lease and releases its nodes; the first reason stays.</summary>
    [Alias("close")]
    Task<Result<LeaseView>> CloseAsync(int reason, string detail);
}

/// <summary>Where a lease stands.</summary>
[GenerateSerializer]
public enum LeaseStatus
{
    Active = 0,

    /// <summary>The provider takes the hardware back at the deadline; money keeps streaming.</summary>
    Reclaiming = 1,

    /// <summary>Paused: the escrow ran dry. Bookings are kept for the grace.</summary>
    InsufficientFunds = 2,
    Closed = 3,
}

/// <summary>What a lease was opened with.</summary>
/// <param name="Rate">Minor units per block, exact decimal text.</param>
/// <param name="ReclaimWindowSeconds">0 = the provider may close at once.</param>
[GenerateSerializer, Immutable, Alias("depin.lease.terms.v1")]
public sealed record LeaseTerms(
    [property: Id(0)] string Market,
    [property: Id(1)] string Owner,
    [property: Id(2)] string Provider,
    [property: Id(3)] string Deployment,
    [property: Id(4)] string Currency,
    [property: Id(5)] string Rate,
    [property: Id(6)] ImmutableArray<NodeReservation> Bookings,
    [property: Id(7)] long ReclaimWindowSeconds,
    [property: Id(8)] DateTimeOffset OpenedAt)
{
    /// <summary>Addresses of the lease's own, one per endpoint of kind <c>ip</c>.</summary>
    [Id(9)]
    public ImmutableArray<LeasedAddress> Addresses { get; init; } = [];
}

/// <summary>A lease as its two parties see it.</summary>
/// <param name="CloseReason">0 while open; 1 owner, 10000–19999 provider, 20000–29999 network.</param>
[GenerateSerializer, Immutable, Alias("depin.lease.view.v1")]
public sealed record LeaseView(
    [property: Id(0)] string Id,
    [property: Id(1)] LeaseStatus Status,
    [property: Id(2)] LeaseTerms Terms,
    [property: Id(3)] ImmutableArray<WorkloadView> Workloads,
    [property: Id(4)] DateTimeOffset? ReclaimAt,
    [property: Id(5)] DateTimeOffset? ClosedAt,
    [property: Id(6)] int CloseReason,
    [property: Id(7)] string CloseDetail,
    [property: Id(8)] long Version);

/// <summary>One replica of a lease: where it runs, under which addresses, and what its node last said.</summary>
[GenerateSerializer, Immutable, Alias("depin.lease.workload.v1")]
public sealed record WorkloadView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Service,
    [property: Id(2)] int Replica,
    [property: Id(3)] string Node,
    [property: Id(4)] ImmutableArray<string> Addresses,
    [property: Id(5)] WorkloadStatus? Status);
