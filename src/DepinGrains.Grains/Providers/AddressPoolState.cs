using System.Collections.Immutable;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Providers;

/// <summary>Addresses held by one bid or lease.</summary>
/// <param name="ReservedUntil">Expiry while <paramref name="Lease"/> is null; kept afterwards.</param>
public sealed record AddressBooking(string Id, ImmutableArray<LeasedAddress> Addresses, DateTimeOffset ReservedUntil, string? Lease)
{
    /// <summary>True while it counts.</summary>
    public bool StandsAt(DateTimeOffset now) => Lease is not null || ReservedUntil > now;

    /// <summary>As its holder sees it.</summary>
    public AddressReservation View() => new(Id, Addresses, Lease is null ? ReservedUntil : null, Lease);
}

/// <summary>An id given back, remembered until a late duplicate of its reservation would be refused for its expiry anyway.</summary>
public sealed record ReleasedAddresses(string Id, DateTimeOffset Until);

/// <summary>The row of a provider's pool of addresses.</summary>
public sealed record AddressPoolState(
    string Provider,
    ImmutableArray<string> Ranges,
    int Total,
    ImmutableArray<AddressBooking> Bookings,
    ImmutableArray<ReleasedAddresses> Released,
    DateTimeOffset UpdatedAt) : RowDocument
{
    /// <summary>The table; the market index reads what changed by <c>updated_ms</c>.</summary>
    public static readonly RowKind<AddressPoolState> Kind = new(
        new TableDefinition("address_pool", [new("total", ColumnType.Int64), new("held", ColumnType.Int64), new("updated_ms", ColumnType.Int64)], [new("updated", ["updated_ms"])]),
        static s => [(long)s.Total, (long)s.Bookings.Sum(static b => b.Addresses.Length), s.UpdatedAt.ToUnixTimeMilliseconds()]);

    /// <summary>The pool as anyone may see it.</summary>
    public AddressPoolView View(long version, DateTimeOffset now)
    {
        var standing = Bookings.Where(b => b.StandsAt(now)).ToArray();
        return new AddressPoolView(
            Provider,
            Ranges,
            Total,
            standing.Where(static b => b.Lease is null).Sum(static b => b.Addresses.Length),
            standing.Where(static b => b.Lease is not null).Sum(static b => b.Addresses.Length),
            version);
    }
}
