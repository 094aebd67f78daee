using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Nodes;

/// <content>The capacity book: reserve, confirm, release.</content>
public sealed partial class NodeGrain
{
    /// <inheritdoc/>
    public async Task<Result<NodeReservation>> ReserveAsync(string reservationId, NodeDemand demand, DateTimeOffset expiresAt)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (NodeChecks.Demand(demand, _options.SlotsMax) is { } invalid)
        {
            return invalid;
        }

        if (Find(state, reservationId) is { } standing)
        {
            return Same(standing.Demand, demand)
                ? NodeRules.View(state, standing)
                : Refusal.Of("node.reservation_conflict", $"reservation {reservationId} was made for another demand", ("reservation", reservationId));
        }

        if (NewRefused(state, reservationId, expiresAt, now) is { } refused)
        {
            return refused;
        }

        var granted = NodeRules.Book(state, state.Bookings).Reserve(reservationId, demand, expiresAt);
        if (!granted.IsOk)
        {
            return granted.Refusal;
        }

        var booking = new NodeBooking(reservationId, demand, granted.Value.Grants, expiresAt, Lease: null, [], "", 0);
        return await CommitBookingAsync(state with { Bookings = state.Bookings.Add(booking) }, now) is { } refusal
            ? refusal
            : NodeRules.View(state, booking);
    }

    /// <inheritdoc/>
    public async Task<Result<NodeReservation>> ConfirmAsync(string reservationId, string leaseId)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (Find(state, reservationId) is not { } booking)
        {
            return Gone(reservationId);
        }

        if (booking.Lease is not null)
        {
            return booking.Lease == leaseId
                ? NodeRules.View(state, booking)
                : Refusal.Of("node.reservation_leased", $"reservation {reservationId} was confirmed for lease {booking.Lease}", ("reservation", reservationId), ("lease", booking.Lease));
        }

        if (!NodeChecks.IsText(leaseId, 1, 256))
        {
            return Refusal.Of("node.lease_invalid", "the lease id must be plain text of 1 to 256 characters");
        }

        if (NodeRules.StatusOf(state) is NodeStatus.Offline or NodeStatus.Retired)
        {
            return NotAvailable(state);
        }

        var confirmed = booking with { Lease = leaseId };
        return await CommitBookingAsync(state with { Bookings = state.Bookings.Replace(booking, confirmed) }, now) is { } refusal
            ? refusal
            : NodeRules.View(state, confirmed);
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> ReleaseAsync(string reservationId)
    {
        _row.ThrowIfLost();
        if (!_row.Exists || _row.Value.Released.Any(released => released.Id == reservationId))
        {
            return Done.Instance;
        }

        if (!NodeChecks.IsText(reservationId, 1, 256))
        {
            return Refusal.Of("node.reservation_invalid", "the reservation id must be plain text of 1 to 256 characters");
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        var changes = new Changes();
        var booking = Find(state, reservationId);
        // A lease that ran nothing may have left volumes: its agent must hear that it is over.
        var hadLease = booking is { Lease: not null };
        if (booking is not null)
        {
            Emptied(booking, changes);
        }

        // Remembered for as long as a duplicate of the reservation that is still on its way could ask for: it must not book again.
        var released = state.Released.Add(new ReleasedBooking(reservationId, now + _options.ReservationLifetimeMax));
        var next = state with
        {
            Bookings = booking is null ? state.Bookings : state.Bookings.Remove(booking),
            Released = released.Length > _options.ReleasedMax ? released.RemoveRange(0, released.Length - _options.ReleasedMax) : released,
            Generation = state.Generation + (hadLease ? 1 : 0),
        };
        if (await (hadLease ? CommitAsync(next, now, eventType: null, changes) : CommitBookingAsync(next, now, changes)) is { } refusal)
        {
            return refusal;
        }

        if (hadLease)
        {
            notifier.GenerationChanged(Id, next.Generation);
        }

        return Done.Instance;
    }

    private Refusal? NewRefused(NodeState state, string reservationId, DateTimeOffset expiresAt, DateTimeOffset now)
    {
        if (!NodeChecks.IsText(reservationId, 1, 256))
        {
            return Refusal.Of("node.reservation_invalid", "the reservation id must be plain text of 1 to 256 characters");
        }

        if (state.Released.Any(released => released.Id == reservationId))
        {
            return Refusal.Of("node.reservation_released", $"reservation {reservationId} was given back", ("reservation", reservationId));
        }

        if (!NodeRules.StandingOf(state).TakesWork)
        {
            return NotAvailable(state);
        }

        if (expiresAt <= now || expiresAt - now > _options.ReservationLifetimeMax)
        {
            return Refusal.Of(
                "node.expiry_invalid",
                $"the reservation would expire at {expiresAt:O}; it must be after now ({now:O}) and at most {_options.ReservationLifetimeMax} later",
                ("expiresAt", expiresAt.ToString("O")),
                ("now", now.ToString("O")));
        }

        return state.Bookings.Length >= _options.ReservationsMax
            ? Refusal.Of("node.reservations_full", $"the node holds {state.Bookings.Length} reservations, the most allowed", ("max", _options.ReservationsMax))
            : null;
    }

    private static NodeBooking? Find(NodeState state, string reservationId) => state.Bookings.FirstOrDefault(booking => booking.Id == reservationId);

    private static bool Same(NodeDemand left, NodeDemand right) => RowJson.Write(left).Span.SequenceEqual(RowJson.Write(right).Span);

    private static Refusal Gone(string reservationId) =>
        Refusal.Of("node.reservation_gone", $"reservation {reservationId} expired, was given back or never stood", ("reservation", reservationId));

    private static Refusal NotAvailable(NodeState state)
    {
        var status = NodeRows.StatusText(NodeRules.StatusOf(state));
        return Refusal.Of("node.not_available", $"node {state.Id} is {status}", ("node", state.Id), ("status", status));
    }
}
