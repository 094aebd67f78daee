using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Providers;

/// <summary>
/// The addresses a provider leases, and who holds which. Key = provider id. Like a node's book it is the last word on what is free, and calls nobody.
/// </summary>
[Alias("depin.provider.addresses.grain")]
public interface IAddressPoolGrain : IGrainWithStringKey
{
    /// <summary>
    /// Replaces the ranges: <c>203.0.113.7</c>, <c>203.0.113.8-203.0.113.15</c> or <c>203.0.113.16/28</c>, IPv4 or IPv6, at most 64 ranges and 4,096 addresses without overlap.
    /// <c>provider.addresses_invalid</c>; <c>provider.addresses_in_use</c> when one that is held would leave.
    /// </summary>
    [Alias("put")]
    Task<Result<AddressPoolView>> PutAsync(string operationId, ImmutableArray<string> ranges);

    /// <summary>The pool; empty for a provider that leases none.</summary>
    [Alias("get")]
    Task<AddressPoolView> GetAsync();

    /// <summary>Holds one address per endpoint name until <paramref name="expiresAt"/>; the same id again answers the same. <c>provider.addresses_exhausted</c> with wanted, free and total.</summary>
    [Alias("reserve")]
    Task<Result<AddressReservation>> ReserveAsync(string reservationId, ImmutableArray<string> endpoints, DateTimeOffset expiresAt);

    /// <summary>Removes the expiry: the addresses belong to a lease. <c>provider.address_reservation_gone</c> when it expired.</summary>
    [Alias("confirm")]
    Task<Result<AddressReservation>> ConfirmAsync(string reservationId, string leaseId);

    /// <summary>Gives the addresses back; doing it again is done.</summary>
    [Alias("release")]
    Task<Result<Done>> ReleaseAsync(string reservationId);
}

/// <summary>An address leased for a named endpoint of an SDL.</summary>
[GenerateSerializer, Immutable, Alias("depin.provider.leased_address.v1")]
public readonly record struct LeasedAddress([property: Id(0)] string Endpoint, [property: Id(1)] string Address);

/// <summary>Addresses held. <paramref name="ExpiresAt"/> is null once they belong to a lease.</summary>
[GenerateSerializer, Immutable, Alias("depin.provider.address_reservation.v1")]
public sealed record AddressReservation(
    [property: Id(0)] string Id,
    [property: Id(1)] ImmutableArray<LeasedAddress> Addresses,
    [property: Id(2)] DateTimeOffset? ExpiresAt,
    [property: Id(3)] string? Lease);

/// <summary>A provider's pool as anyone may see it.</summary>
/// <param name="Reserved">Held by bids.</param>
/// <param name="Leased">Held by leases.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.address_pool.v1")]
public sealed record AddressPoolView(
    [property: Id(0)] string Provider,
    [property: Id(1)] ImmutableArray<string> Ranges,
    [property: Id(2)] int Total,
    [property: Id(3)] int Reserved,
    [property: Id(4)] int Leased,
    [property: Id(5)] long Version)
{
    /// <summary>What may still be promised.</summary>
    public int Free => Total - Reserved - Leased;
}
