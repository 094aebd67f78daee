using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Grains.Nodes;

/// <summary>What follows from a node's row and the time.</summary>
public static class NodeRules
{
    /// <summary>Where the node stands. A draining node that is silent is offline; it is draining again when it comes back.</summary>
    public static NodeStatus StatusOf(NodeState state) => StandingOf(state).Status;

    /// <summary>The standing the domain's table of transitions works on.</summary>
    public static NodeStanding StandingOf(NodeState state) => new(state.Liveness, state.Draining);

    /// <summary>The state after a trigger, or why it does not apply.</summary>
    public static Result<NodeState> Apply(NodeState state, NodeTrigger trigger)
    {
        var standing = NodeTransitions.Apply(StandingOf(state), trigger);
        return standing.IsOk ? state with { Liveness = standing.Value.Liveness, Draining = standing.Value.Draining } : standing.Refusal;
    }

    /// <summary>True when beats are expected.</summary>
    public static bool IsLive(NodeState state) => state.Liveness is NodeStatus.Online or NodeStatus.Suspect;

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

    /// <summary>Tells one inventory from another.</summary>
    public static string Fingerprint(HardwareInventory hardware) => Convert.ToHexStringLower(State.Changes.Fingerprint(hardware).Span[..16]);

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
            Book(state, standing).Free,
            [.. standing.Select(booking => View(state, booking))],
            state.Session,
            state.JoinedAt,
            state.LastSeenAt,
            version,
            state.PublicKey,
            state.Overcommit);
    }

    /// <summary>
    /// What a node's row alone says of what is free and how much is booked: lists and the market index read rows without their child rows.
    /// </summary>
    public static NodeView RowView(NodeState row, long version, DateTimeOffset now)
    {
        var standing = Standing(row with { Bookings = row.OldBookings ?? row.Reserved }, now);
        return View(row, version, now) with { Free = Free(row, standing), Reservations = [.. standing.Select(booking => View(row, booking))] };
    }

    /// <summary>What bookings leave free. The confirmed among them count by their sum where the row has one.</summary>
    public static FreeCapacity Free(NodeState state, ImmutableArray<NodeBooking> bookings)
    {
        if (state.Confirmed is not { } confirmed)
        {
            return Book(state, bookings).Free;
        }

        var rest = bookings.RemoveAll(static b => b.Lease is not null);
        if (rest.IsEmpty)
        {
            return confirmed.Free;
        }

        // A node that has what the confirmed ones leave: ports are only counted, and those of the rest are none of theirs.
        var left = state.Hardware with { CpuMilli = confirmed.Free.CpuMilli, MemoryBytes = confirmed.Free.MemoryBytes, Gpus = confirmed.Free.Gpus, Storage = confirmed.Free.Storage, PortMin = 1, PortMax = confirmed.Free.Ports };
        var free = Book(state with { Hardware = left }, rest).Free;
        var bytes = confirmed.Free.WorkloadBytes;
        return free with { WorkloadBytes = bytes < 0 ? bytes : Math.Max(0, bytes - (AgentProtocol.WorkloadBytesMax - free.WorkloadBytes)) };
    }

    /// <summary>The node's capacity book with these bookings in it: the one way in which room is counted.</summary>
    public static CapacityBook Book(NodeState state, ImmutableArray<NodeBooking> bookings) =>
        new(state.Id, state.Host, state.Hardware, Of(state.Overcommit), bookings.Select(booking => View(state, Counted(booking))));

    /// <summary>Bookings of older versions asked for no room for what they run, and take it all the same.</summary>
    private static NodeBooking Counted(NodeBooking booking)
    {
        var slots = booking.Demand.Slots;
        var more = booking.WorkloadBytes - slots.Sum(static s => s.WorkloadBytes);
        return more <= 0 || slots.IsEmpty ? booking : booking with { Demand = booking.Demand with { Slots = slots.SetItem(0, slots[0] with { WorkloadBytes = slots[0].WorkloadBytes + more }) } };
    }

    /// <summary>Null when the hardware covers all bookings; else <c>node.hardware_below_bookings</c> with the resource and numbers.</summary>
    public static Refusal? Uncovered(NodeState state, HardwareInventory hardware) =>
        Book(state, state.Bookings).ReplaceHardware(hardware).Refusal is { } refusal ? refusal with { Code = "node.hardware_below_bookings" } : null;

    /// <summary>Null when all bookings still fit with another overcommit; else <c>node.overcommit_below_bookings</c>.</summary>
    public static Refusal? Uncovered(NodeState state, NodeOvercommit overcommit) =>
        Uncovered(state with { Overcommit = overcommit }, state.Hardware) is { } refusal ? refusal with { Code = "node.overcommit_below_bookings" } : null;

    /// <summary>In the domain's form.</summary>
    public static Overcommit Of(NodeOvercommit overcommit) => new(overcommit.CpuPercent, overcommit.MemoryPercent, overcommit.StoragePercent);

    /// <summary>A booking as its buyer sees it.</summary>
    public static NodeReservation View(NodeState state, NodeBooking booking) =>
        new(booking.Id, state.Id, booking.Demand, booking.Grants, booking.Lease is null ? booking.ReservedUntil : null, booking.Lease, state.Host);

    /// <summary>Leases the node carries, in the order they were confirmed for.</summary>
    public static ImmutableArray<string> Leases(NodeState state) =>
        [.. state.Bookings.Where(booking => booking.Lease is not null).Select(booking => booking.Lease!).Distinct()];
}
