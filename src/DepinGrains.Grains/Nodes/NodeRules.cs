using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Nodes;

/// <summary>What follows from a node's row and the time.</summary>
public static class NodeRules
{
    /// <summary>Where the node stands. A draining node that is silent is offline; it is draining again when it comes back.</summary>
    public static NodeStatus StatusOf(NodeState state) => state switch
    {
        { Retired: true } => NodeStatus.Retired,
        { Session: 0 } => NodeStatus.Joining,
        { Connected: false } => NodeStatus.Offline,
        { Draining: true } => NodeStatus.Draining,
        { Suspect: true } => NodeStatus.Suspect,
        _ => NodeStatus.Online,
    };

    /// <summary>True when beats are expected.</summary>
    public static bool IsLive(NodeState state) => state is { Retired: false, Connected: true };

    /// <summary>Bookings that stand now: confirmed, or not yet expired.</summary>
    public static ImmutableArray<NodeBooking> Standing(NodeState state, DateTimeOffset now) =>
        state.Bookings.All(booking => booking.Lease is not null || booking.ReservedUntil > now)
            ? state.Bookings
            : [.. state.Bookings.Where(booking => booking.Lease is not null || booking.ReservedUntil > now)];

    /// <summary>The model most cards have (the first by name among equals), or null without cards.</summary>
    public static string? GpuModelOf(HardwareInventory hardware) =>
        hardware.Gpus.IsEmpty
            ? null
            : hardware.Gpus.GroupBy(gpu => gpu.Model).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).First().Key;

    /// <summary>The node as anyone may see it.</summary>
    public static NodeView View(NodeState state, long version, DateTimeOffset now)
    {
        var standing = Standing(state, now);
        return new NodeView(
            state.Id,
            state.Provider,
            StatusOf(state),
            state.Region,
            state.Host,
            state.Hardware,
            NodeCapacity.Free(state.Hardware, standing),
            [.. standing.Select(booking => View(state, booking))],
            state.Session,
            state.JoinedAt,
            state.LastSeenAt,
            version,
            state.PublicKey);
    }

    /// <summary>A booking as its buyer sees it.</summary>
    public static NodeReservation View(NodeState state, NodeBooking booking) =>
        new(booking.Id, state.Id, booking.Demand, booking.Grants, booking.Lease is null ? booking.ReservedUntil : null, booking.Lease, state.Host);

    /// <summary>Leases the node carries, in the order they were confirmed for.</summary>
    public static ImmutableArray<string> Leases(NodeState state) =>
        [.. state.Bookings.Where(booking => booking.Lease is not null).Select(booking => booking.Lease!).Distinct()];
}
