using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Providers;

/// <summary>A provider's pool of addresses. Every answer follows from the committed row and the time, as with a node's book.</summary>
[GrainType("depin.provider.addresses")]
public sealed class AddressPoolGrain(IRowStore store, NetworkClock clock, IOptions<ProviderOptions> options) : Grain, IAddressPoolGrain
{
    private readonly ProviderOptions _options = options.Value;
    private GrainRow<AddressPoolState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    private AddressPoolState State => _row.Value ?? new AddressPoolState(Id, [], 0, [], [], clock.Now);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<AddressPoolState>(store, AddressPoolState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<AddressPoolView>> PutAsync(string operationId, ImmutableArray<string> ranges)
    {
        _row.ThrowIfLost();
        var fingerprint = Changes.Fingerprint(ranges.IsDefault ? [] : ranges);
        if (await _row.RememberedAsync<AddressPoolView>(operationId, fingerprint) is { } remembered)
        {
            return remembered;
        }

        var parsed = AddressRanges.Parse(ranges);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        var now = clock.Now;
        var next = Swept(now) with { Ranges = ranges, Total = parsed.Value.Total, UpdatedAt = now };
        if (AddressBook.Uncovered(parsed.Value, next.Bookings.SelectMany(static b => b.Addresses)) is { } uncovered)
        {
            return uncovered;
        }

        Result<AddressPoolView> answer = next.View(_row.Version + 1, now);
        return await _row.CommitAsync(next, new Changes().Remember(operationId, fingerprint, answer)) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public Task<AddressPoolView> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(State.View(_row.Version, clock.Now));
    }

    /// <inheritdoc/>
    public async Task<Result<AddressReservation>> ReserveAsync(string reservationId, ImmutableArray<string> endpoints, DateTimeOffset expiresAt)
    {
        _row.ThrowIfLost();
        var now = clock.Now;
        var state = Swept(now);
        if (!NodeChecks.IsText(reservationId, 1, 256) || endpoints.IsDefault || endpoints.Any(static e => !NodeChecks.IsText(e, 1, 128)))
        {
            return Refusal.Of("provider.address_request_invalid", "the reservation id and the endpoints' names must be plain text");
        }

        if (state.Bookings.FirstOrDefault(b => b.Id == reservationId) is { } standing)
        {
            return standing.Addresses.Select(static a => a.Endpoint).SequenceEqual(endpoints)
                ? standing.View()
                : Refusal.Of("provider.address_reservation_conflict", $"reservation {reservationId} was made for other endpoints", ("reservation", reservationId));
        }

        if (state.Released.Any(r => r.Id == reservationId))
        {
            return Refusal.Of("provider.address_reservation_released", $"reservation {reservationId} was given back", ("reservation", reservationId));
        }

        if (expiresAt <= now || expiresAt - now > _options.AddressReservationMax)
        {
            return Refusal.Of("provider.address_expiry_invalid", $"the reservation would expire at {expiresAt:O}; it must be after now ({now:O}) and at most {_options.AddressReservationMax} later", ("expiresAt", expiresAt.ToString("O")), ("now", now.ToString("O")));
        }

        var assigned = AddressBook.Assign(AddressRanges.Parse(state.Ranges).Require(), state.Bookings.SelectMany(static b => b.Addresses), endpoints);
        if (!assigned.IsOk)
        {
            return assigned.Refusal;
        }

        var booking = new AddressBooking(reservationId, assigned.Value, expiresAt, null);
        return await _row.CommitAsync(state with { Bookings = state.Bookings.Add(booking), UpdatedAt = now }) is { } refusal ? refusal : booking.View();
    }

    /// <inheritdoc/>
    public async Task<Result<AddressReservation>> ConfirmAsync(string reservationId, string leaseId)
    {
        _row.ThrowIfLost();
        var now = clock.Now;
        var state = Swept(now);
        if (state.Bookings.FirstOrDefault(b => b.Id == reservationId) is not { } booking)
        {
            return Refusal.Of("provider.address_reservation_gone", $"reservation {reservationId} expired, was given back or never stood", ("reservation", reservationId));
        }

        if (booking.Lease is { } other)
        {
            return other == leaseId
                ? booking.View()
                : Refusal.Of("provider.address_reservation_leased", $"reservation {reservationId} was confirmed for lease {other}", ("reservation", reservationId), ("lease", other));
        }

        var confirmed = booking with { Lease = leaseId };
        return await _row.CommitAsync(state with { Bookings = state.Bookings.Replace(booking, confirmed), UpdatedAt = now }) is { } refusal ? refusal : confirmed.View();
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> ReleaseAsync(string reservationId)
    {
        _row.ThrowIfLost();
        if (State.Released.Any(r => r.Id == reservationId))
        {
            return Done.Instance;
        }

        var now = clock.Now;
        var state = Swept(now);
        var released = state.Released.Add(new ReleasedAddresses(reservationId, now + _options.AddressReservationMax));
        var next = state with
        {
            Bookings = [.. state.Bookings.Where(b => b.Id != reservationId)],
            Released = released.Length > _options.ReleasedAddressesMax ? released.RemoveRange(0, released.Length - _options.ReleasedAddressesMax) : released,
            UpdatedAt = now,
        };
        return await _row.CommitAsync(next) is { } refusal ? refusal : Done.Instance;
    }

    private AddressPoolState Swept(DateTimeOffset now) => State with
    {
        Bookings = [.. State.Bookings.Where(b => b.StandsAt(now))],
        Released = [.. State.Released.Where(r => r.Until > now)],
    };
}
