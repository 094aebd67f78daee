using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Grains.Nodes;

/// <summary>Opens the domain's <see cref="CapacityBook"/> over what a node's row holds.</summary>
internal static class NodeCapacity
{
    /// <summary>Free amounts with every booking given counted as taken.</summary>
    public static FreeCapacity Free(NodeState state, ImmutableArray<NodeBooking> bookings) => Book(state, bookings).Free;

    /// <summary>What a demand gets, or which resource is short with wanted and free.</summary>
    public static Result<NodeReservation> Reserve(NodeState state, string id, NodeDemand demand, DateTimeOffset expiresAt) =>
        Book(state, state.Bookings).Reserve(id, demand, expiresAt);

    /// <summary>Null when the hardware covers all bookings; else <c>node.hardware_below_bookings</c> with the resource and numbers.</summary>
    public static Refusal? Uncovered(NodeState state, HardwareInventory hardware) =>
        Book(state, state.Bookings).ReplaceHardware(hardware).Refusal is { } refusal ? refusal with { Code = "node.hardware_below_bookings" } : null;

    private static CapacityBook Book(NodeState state, ImmutableArray<NodeBooking> bookings) =>
        new(state.Id, state.Host, state.Hardware, default, bookings.Select(booking => NodeRules.View(state, booking)));
}
