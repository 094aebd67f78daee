using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Nodes;

/// <summary>A node as the API shows it to anyone. CPU in milli-CPU, memory and storage in bytes; free amounts are as of the answer.</summary>
/// <param name="Reservations">How many reservations and bookings stand.</param>
/// <param name="Leases">How many of them are confirmed.</param>
/// <param name="LastSeenAt">Last sign of life that was written: connections and their ends, not every beat.</param>
public sealed record NodeResponse(
    string Id,
    string Provider,
    NodeStatus Status,
    string Region,
    string Host,
    HardwareInventory Hardware,
    FreeCapacity Free,
    int Reservations,
    int Leases,
    long Session,
    DateTimeOffset JoinedAt,
    DateTimeOffset LastSeenAt,
    long Version,
    NodeOvercommit Overcommit)
{
    /// <summary>From a row.</summary>
    public static NodeResponse Of(StoredRow row, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(row);
        var state = RowKind<NodeState>.Read(row);
        var view = Of(NodeRules.RowView(state, row.Version, now));
        return state.Confirmed is { Count: var confirmed } ? view with { Reservations = view.Reservations + confirmed, Leases = confirmed } : view;
    }

    /// <summary>From a grain's answer.</summary>
    public static NodeResponse Of(NodeView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return new NodeResponse(
            view.Id, view.Provider, view.Status, view.Region, view.Host, view.Hardware, view.Free, view.Reservations.Length, view.Reservations.Count(static r => r.Lease is not null), view.Session,
            view.JoinedAt, view.LastSeenAt, view.Version, view.Overcommit);
    }
}

/// <summary>Body of <c>POST /v1/nodes/{id}/drain</c>.</summary>
/// <param name="Drain">True takes it off the market, false offers it again.</param>
public sealed record DrainNodeRequest(bool Drain = true);

/// <summary>Body of <c>POST /v1/nodes/{id}/overcommit</c>: percent per resource, 0 = sells what it has.</summary>
public sealed record OvercommitNodeRequest([property: Range(0, 1_000)] int CpuPercent = 0, [property: Range(0, 1_000)] int MemoryPercent = 0, [property: Range(0, 1_000)] int StoragePercent = 0);

/// <summary>Body of <c>POST /v1/nodes/{id}/retire</c>.</summary>
/// <param name="Reason">For the record; at most 256 characters.</param>
public sealed record RetireNodeRequest([property: MaxLength(256)] string? Reason = null);

/// <summary>Answer to it.</summary>
/// <param name="Leases">Leases the node carried; they end by their policies.</param>
public sealed record RetireNodeResponse(string Id, ImmutableArray<string> Leases);
