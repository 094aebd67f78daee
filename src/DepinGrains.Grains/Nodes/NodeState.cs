using System.Collections.Immutable;
using System.Text.Json.Serialization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Nodes;

/// <summary>The row of a node.</summary>
public sealed record NodeState : RowDocument
{
    /// <summary>Node id.</summary>
    public required string Id { get; init; }

    /// <summary>Identity id of the provider that owns it.</summary>
    public required string Provider { get; init; }

    /// <summary>SubjectPublicKeyInfo, base64.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Region the owner named.</summary>
    public required string Region { get; init; }

    /// <summary>Host name or address under which the workloads' ports answer.</summary>
    public required string Host { get; init; }

    /// <summary>Attributes the owner declared.</summary>
    public ImmutableArray<Fact> Attributes { get; init; } = [];

    /// <summary>Hardware as last accepted.</summary>
    public required HardwareInventory Hardware { get; init; }

    /// <summary>How much more than it has the node sells.</summary>
    public NodeOvercommit Overcommit { get; init; }

    /// <summary>Number of the newest connection; 0 = never connected. Grows by one with each.</summary>
    public long Session { get; init; }

    /// <summary>The agent's boot id of the newest connection.</summary>
    public string Boot { get; init; } = "";

    /// <summary>Generation of the desired state; grows by one with each change of what must run.</summary>
    public long Generation { get; init; }

    /// <summary>Joining, online, suspect, offline or retired; connections and the liveness shard move it.</summary>
    public NodeStatus Liveness { get; init; } = NodeStatus.Joining;

    /// <summary>Not offered any more, by its owner's wish; running leases stay.</summary>
    public bool Draining { get; init; }

    /// <summary>Why it was retired.</summary>
    public string RetiredReason { get; init; } = "";

    /// <summary>When it joined.</summary>
    public DateTimeOffset JoinedAt { get; init; }

    /// <summary>Last sign of life that was written: connections and their ends, not every beat.</summary>
    public DateTimeOffset LastSeenAt { get; init; }

    /// <summary>Last write.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What was last refused at a connection, so that an agent that comes again with the same lie does not fill the event log.</summary>
    public string RefusedHardware { get; init; } = "";

    /// <summary>
    /// Reservations and confirmed bookings, oldest first. Expired ones stand here until the next write; see <c>NodeRules.Standing</c>. The row itself keeps only what is not confirmed
    /// (<see cref="Reserved"/>), so that a write costs the same however much the node carries; <c>NodeBookRows.WholeAsync</c> puts them together.
    /// </summary>
    [JsonIgnore]
    public ImmutableArray<NodeBooking> Bookings { get; init; } = [];

    /// <summary>Ids given back, remembered until a late duplicate of their reservation would be expired anyway; child rows.</summary>
    [JsonIgnore]
    public ImmutableArray<ReleasedBooking> Released { get; init; } = [];

    /// <summary>The bookings that are not confirmed, as the row keeps them.</summary>
    public ImmutableArray<NodeBooking> Reserved { get; init; } = [];

    /// <summary>What confirmed bookings, which are child rows, come to; null in rows of older versions.</summary>
    public ConfirmedBookings? Confirmed { get; init; }

    /// <summary>All bookings in one, as rows of older versions have them; never written.</summary>
    [JsonPropertyName("bookings")]
    public ImmutableArray<NodeBooking>? OldBookings { get; init; }

    /// <summary>All ids given back, as rows of older versions have them; never written.</summary>
    [JsonPropertyName("released")]
    public ImmutableArray<ReleasedBooking>? OldReleased { get; init; }
}

/// <summary>The sum of a node's confirmed bookings.</summary>
/// <param name="Free">What they leave free.</param>
/// <param name="Count">How many they are.</param>
public sealed record ConfirmedBookings(FreeCapacity Free, int Count);

/// <summary>A child row of a node: a confirmed booking, or the id of one that was given back.</summary>
public sealed record NodeBookingRow(NodeBooking? Booking, DateTimeOffset? ReleasedUntil) : RowDocument;

/// <summary>One reservation with what it got and what runs in it.</summary>
/// <param name="ReservedUntil">Expiry while unconfirmed; kept afterwards.</param>
/// <param name="Lease">Set by the confirmation.</param>
/// <param name="Workloads">Without env and credentials: those stand sealed in a row of their own.</param>
/// <param name="WorkloadsSeal">Keyed fingerprint of the workloads with their secrets; empty when none were set.</param>
/// <param name="WorkloadBytes">Bytes the workloads take in a message to the agent, secrets included.</param>
public sealed record NodeBooking(
    string Id,
    NodeDemand Demand,
    ImmutableArray<SlotGrant> Grants,
    DateTimeOffset ReservedUntil,
    string? Lease,
    ImmutableArray<WorkloadSpec> Workloads,
    string WorkloadsSeal,
    int WorkloadBytes);

/// <summary>An id that was given back.</summary>
public sealed record ReleasedBooking(string Id, DateTimeOffset Until);
