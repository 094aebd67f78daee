using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Nodes;

/// <summary>
/// One hardware node: its capacity book, its connection's session number and what it must run. Key = node id.
/// It is the last word on what is free, and calls nobody.
/// </summary>
[Alias("depin.node.grain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Creates the node, or refreshes its hardware when the same key joins again with the same operation id.</summary>
    [Alias("join")]
    Task<Result<NodeView>> JoinAsync(string operationId, NodeRegistration registration);

    /// <summary>The node, or <c>node.not_found</c>.</summary>
    [Alias("get")]
    Task<Result<NodeView>> GetAsync();

    /// <summary>Opens a connection: checks the node's state, takes over from older sessions, refreshes the detected hardware. Refused when retired, or when detected hardware no longer covers what is booked.</summary>
    [Alias("connect")]
    Task<Result<NodeSession>> ConnectAsync(string boot, HardwareInventory hardware);

    /// <summary>Books room at once for up to <paramref name="expiresAt"/>; the same id again answers the same. Refusals name the resource with wanted and free.</summary>
    [Alias("reserve")]
    Task<Result<NodeReservation>> ReserveAsync(string reservationId, NodeDemand demand, DateTimeOffset expiresAt);

    /// <summary>Turns a reservation into a booking that does not expire by itself; refused when it is gone.</summary>
    [Alias("confirm")]
    Task<Result<NodeReservation>> ConfirmAsync(string reservationId, string leaseId);

    /// <summary>Gives the room back and stops its workloads; doing it again is done.</summary>
    [Alias("release")]
    Task<Result<Done>> ReleaseAsync(string reservationId);

    /// <summary>Sets what runs in a confirmed booking; the desired state's generation grows by one.</summary>
    [Alias("setWorkloads")]
    Task<Result<long>> SetWorkloadsAsync(string reservationId, ImmutableArray<WorkloadSpec> workloads);

    /// <summary>What the node must run now.</summary>
    [Alias("desired")]
    Task<DesiredState> GetDesiredStateAsync();

    /// <summary>The liveness shard or sweep found the node silent since <paramref name="since"/>; ignored when <paramref name="session"/> is not the newest any more. Answers the leases it carries.</summary>
    [Alias("offline")]
    Task<Result<ImmutableArray<string>>> MarkOfflineAsync(long session, DateTimeOffset since);

    /// <summary>The sweep found the node offline and not seen for <paramref name="silence"/>: it is retired, as by its owner. Nothing happens (false) when it is not offline, or was seen since.</summary>
    [Alias("retireSilent")]
    Task<Result<bool>> RetireSilentAsync(TimeSpan silence);

    /// <summary>The liveness shard sees the node's beats late (<paramref name="suspect"/>) or on time again; <paramref name="lastSeen"/> is the last beat. Suspect nodes get no new reservations. Refused as <c>node.session_stale</c> when <paramref name="session"/> is not the newest.</summary>
    [Alias("suspect")]
    Task<Result<Done>> MarkSuspectAsync(long session, bool suspect, DateTimeOffset lastSeen);

    /// <summary>Stops offering the node to the market (or offers it again); running leases stay. <c>node.not_owner</c> unless <paramref name="owner"/> is its provider.</summary>
    [Alias("drain")]
    Task<Result<NodeView>> DrainAsync(string operationId, string owner, bool drain);

    /// <summary>How much more than it has the node sells from now on. <c>node.overcommit_invalid</c>; <c>node.overcommit_below_bookings</c> with the numbers when what is booked would not fit any more.</summary>
    [Alias("overcommit")]
    Task<Result<NodeView>> SetOvercommitAsync(string operationId, string owner, NodeOvercommit overcommit);

    /// <summary>Takes the node out for good; answers the leases it carried. <c>node.not_owner</c> unless <paramref name="owner"/> is its provider.</summary>
    [Alias("retire")]
    Task<Result<ImmutableArray<string>>> RetireAsync(string operationId, string owner, string reason);
}

/// <summary>What joins. <paramref name="PublicKey"/>: SubjectPublicKeyInfo of the node's P-256 key, base64.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.registration.v1")]
public sealed record NodeRegistration(
    [property: Id(0)] string Provider,
    [property: Id(1)] string PublicKey,
    [property: Id(2)] HardwareInventory Hardware,
    [property: Id(3)] string Region,
    [property: Id(4)] string Host,
    [property: Id(5)] ImmutableArray<Fact> Attributes);

/// <summary>Where a node stands.</summary>
[GenerateSerializer]
public enum NodeStatus
{
    Joining = 0,
    Online = 1,
    Suspect = 2,
    Offline = 3,
    Draining = 4,
    Retired = 5,
}

/// <summary>A node as anyone may see it. Free amounts count reservations as taken.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.view.v1")]
public sealed record NodeView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Provider,
    [property: Id(2)] NodeStatus Status,
    [property: Id(3)] string Region,
    [property: Id(4)] string Host,
    [property: Id(5)] HardwareInventory Hardware,
    [property: Id(6)] FreeCapacity Free,
    [property: Id(7)] ImmutableArray<NodeReservation> Reservations,
    [property: Id(8)] long Session,
    [property: Id(9)] DateTimeOffset JoinedAt,
    [property: Id(10)] DateTimeOffset LastSeenAt,
    [property: Id(11)] long Version,
    [property: Id(12)] string PublicKey,
    [property: Id(13)] NodeOvercommit Overcommit);

/// <summary>How much more than it has a node sells, in percent per resource: 0 = none, 50 = one and a half times, at most 1,000. Cards and ports are never overcommitted.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.overcommit.v1")]
public readonly record struct NodeOvercommit(
    [property: Id(0)] int CpuPercent,
    [property: Id(1)] int MemoryPercent,
    [property: Id(2)] int StoragePercent);

/// <summary>What is free on a node: milli-CPU, bytes, devices, bytes per storage class.</summary>
/// <param name="WorkloadBytes">Room for descriptions of workloads (<see cref="AgentProtocol.WorkloadBytesMax"/>); −1: not known.</param>
[GenerateSerializer, Immutable, Alias("depin.node.free.v1")]
public sealed record FreeCapacity(
    [property: Id(0)] long CpuMilli,
    [property: Id(1)] long MemoryBytes,
    [property: Id(2)] ImmutableArray<GpuDevice> Gpus,
    [property: Id(3)] ImmutableArray<StorageClassCapacity> Storage,
    [property: Id(4)] int Ports,
    [property: Id(5)] long WorkloadBytes = -1);

/// <summary>A connection accepted by the node. Messages with an older session are dropped.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.session.v1")]
public sealed record NodeSession(
    [property: Id(0)] string Node,
    [property: Id(1)] long Session,
    [property: Id(2)] long Generation,
    [property: Id(3)] string Provider);

/// <summary>One replica's (or several equal replicas') demand on one node.</summary>
/// <param name="Key">Names the slot inside the reservation, e.g. <c>web/0</c>.</param>
/// <param name="GpuAttributes">Any one of these must match each card, e.g. <c>vendor/nvidia/model/a100/ram/80Gi</c>; empty = any card.</param>
/// <param name="Ports">How many host ports to assign.</param>
/// <param name="Executor">What must run it, one of <see cref="Executors"/>; empty = whatever the node has.</param>
/// <param name="WorkloadBytes">Room for its description in the node's desired state, bytes.</param>
[GenerateSerializer, Immutable, Alias("depin.node.demand_slot.v1")]
public sealed record DemandSlot(
    [property: Id(0)] string Key,
    [property: Id(1)] long CpuMilli,
    [property: Id(2)] long MemoryBytes,
    [property: Id(3)] int Gpus,
    [property: Id(4)] ImmutableArray<string> GpuAttributes,
    [property: Id(5)] ImmutableArray<StorageClassCapacity> Storage,
    [property: Id(6)] int Ports,
    [property: Id(7)] string Executor = "",
    [property: Id(8)] long WorkloadBytes = 0);

/// <summary>All slots a reservation books on one node, all or nothing.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.demand.v1")]
public sealed record NodeDemand([property: Id(0)] ImmutableArray<DemandSlot> Slots);

/// <summary>What a slot got: exact devices and host ports.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.slot_grant.v1")]
public sealed record SlotGrant(
    [property: Id(0)] string Key,
    [property: Id(1)] ImmutableArray<string> GpuUuids,
    [property: Id(2)] ImmutableArray<int> HostPorts);

/// <summary>A booking. <paramref name="ExpiresAt"/> is null once confirmed.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.reservation.v1")]
public sealed record NodeReservation(
    [property: Id(0)] string Id,
    [property: Id(1)] string Node,
    [property: Id(2)] NodeDemand Demand,
    [property: Id(3)] ImmutableArray<SlotGrant> Grants,
    [property: Id(4)] DateTimeOffset? ExpiresAt,
    [property: Id(5)] string? Lease,
    [property: Id(6)] string Host);
