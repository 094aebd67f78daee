using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Nodes;

/// <summary>How a node's bookings are kept: unconfirmed ones in its row, confirmed ones and ids given back each in a child row.</summary>
public static class NodeBookRows
{
    private const int Page = 500;

    /// <summary>Confirmed bookings and ids given back; parent = node id, key = reservation id.</summary>
    public static readonly RowKind<NodeBookingRow> Kind = new(new TableDefinition("node_booking", [], []), static _ => []);

    /// <summary>The state with everything that is in child rows.</summary>
    public static async Task<NodeState> WholeAsync(IRowStore store, StoredRow row, CancellationToken cancel)
    {
        var children = new List<StoredRow>();
        while (true)
        {
            var page = await store.ReadChildrenAsync(Kind.Table.Kind, row.Id.Key, children.Count == 0 ? null : children[^1].Id.Key, Page, cancel);
            children.AddRange(page);
            if (page.Length < Page)
            {
                return Whole(row, children);
            }
        }
    }

    /// <summary>The state with everything that is in child rows.</summary>
    public static NodeState Whole(StoredRow row, IEnumerable<StoredRow> children)
    {
        var state = RowKind<NodeState>.Read(row);
        var all = children.Select(static child => (child.Id.Key, Row: RowKind<NodeBookingRow>.Read(child))).ToArray();
        var confirmed = all.Where(static c => c.Row.Booking is not null).Select(static c => c.Row.Booking!);
        return state with
        {
            Bookings = [.. confirmed.Concat(state.Reserved).Concat(state.OldBookings ?? []).OrderBy(static b => b.ReservedUntil).ThenBy(static b => b.Id, StringComparer.Ordinal)],
            Released = [.. all.Where(static c => c.Row.Booking is null).Select(static c => new ReleasedBooking(c.Key, c.Row.ReleasedUntil!.Value)).Concat(state.OldReleased ?? []).OrderBy(static r => r.Until)],
        };
    }

    /// <summary>The state as its row keeps it, and the child rows that follow from the change.</summary>
    public static NodeState Kept(NodeState? before, NodeState next, Changes changes)
    {
        // What an older version wrote into the row itself is written anew.
        var known = before is null or { OldBookings: not null } or { OldReleased: not null } ? null : before;
        var moved = BookingRows(next.Id, known?.Bookings ?? [], next.Bookings, changes);
        ReleasedRows(next.Id, known?.Released ?? [], next.Released, changes);
        return next with
        {
            Reserved = [.. next.Bookings.Where(static b => b is { Lease: null, Passing: false })],
            Confirmed = known?.Confirmed is { } sum && !moved && ReferenceEquals(known.Hardware, next.Hardware) && known.Overcommit == next.Overcommit ? sum : Sum(next),
            OldBookings = null,
            OldReleased = null,
        };
    }

    private static ConfirmedBookings Sum(NodeState state)
    {
        var confirmed = state.Bookings.Where(static b => b.Lease is not null).ToImmutableArray();
        return new ConfirmedBookings(NodeRules.Book(state, confirmed).Free, confirmed.Length);
    }

    /// <summary>Both lists are in the order of their making: one walk finds what is new, changed or gone. True when a confirmed booking is.</summary>
    private static bool BookingRows(string node, ImmutableArray<NodeBooking> before, ImmutableArray<NodeBooking> next, Changes changes)
    {
        var (at, moved) = (0, false);
        foreach (var booking in next)
        {
            while (at < before.Length && before[at].Id != booking.Id)
            {
                moved |= Gone(node, before[at++], changes);
            }

            var known = at < before.Length ? before[at] : null;
            at++;
            if (!ReferenceEquals(known, booking) && booking.Lease is not null)
            {
                moved |= known is not { Lease: not null } || !SameRoom(known, booking);
                changes.With(Kind.Child(node, booking.Id, new NodeBookingRow(booking, null)));
            }
        }

        while (at < before.Length)
        {
            moved |= Gone(node, before[at++], changes);
        }

        return moved;
    }

    /// <summary>What runs in a booking takes what was booked for it; in those of older versions, which booked no room for manifests, more.</summary>
    private static bool SameRoom(NodeBooking one, NodeBooking other) => ReferenceEquals(one.Demand, other.Demand) && one.Grants == other.Grants && Manifests(one) == Manifests(other);

    private static long Manifests(NodeBooking booking) => Math.Max(booking.WorkloadBytes, booking.Demand.Slots.Sum(static slot => slot.WorkloadBytes));

    private static bool Gone(string node, NodeBooking booking, Changes changes)
    {
        if (booking.Lease is null)
        {
            return false;
        }

        // Where it was given back, its id is written over this: of two writes of one row the last counts.
        changes.With(Kind.Delete(node, booking.Id));
        return true;
    }

    private static void ReleasedRows(string node, ImmutableArray<ReleasedBooking> before, ImmutableArray<ReleasedBooking> next, Changes changes)
    {
        if (before == next)
        {
            return;
        }

        var at = 0;
        foreach (var released in before)
        {
            if (at < next.Length && ReferenceEquals(next[at], released))
            {
                at++;
            }
            else
            {
                changes.With(Kind.Delete(node, released.Id));
            }
        }

        foreach (var released in next.AsSpan()[at..])
        {
            changes.With(Kind.Child(node, released.Id, new NodeBookingRow(null, released.Until)));
        }
    }
}
