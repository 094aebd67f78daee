using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;

namespace DepinGrains.Domain.Providers;

/// <summary>Which addresses of a pool are held, and what a request gets: the lowest free ones, one per endpoint name, all or nothing.</summary>
public static class AddressBook
{
    /// <summary>Endpoints of one request.</summary>
    public const int EndpointsMax = 256;

    /// <summary>One free address per endpoint. <c>provider.addresses_exhausted</c> with wanted, free and total.</summary>
    public static Result<ImmutableArray<LeasedAddress>> Assign(AddressRanges ranges, IEnumerable<LeasedAddress> held, ImmutableArray<string> endpoints)
    {
        if (endpoints.IsDefaultOrEmpty || endpoints.Length > EndpointsMax || endpoints.Distinct(StringComparer.Ordinal).Count() < endpoints.Length)
        {
            return Refusal.Of("provider.address_request_invalid", $"a request names 1 to {EndpointsMax} endpoints, each once", ("max", EndpointsMax));
        }

        var taken = held.Select(static h => h.Address).ToHashSet(StringComparer.Ordinal);
        var free = ranges.All().Where(a => !taken.Contains(a)).Take(endpoints.Length).ToArray();
        if (free.Length == endpoints.Length)
        {
            return endpoints.Select((name, i) => new LeasedAddress(name, free[i])).ToImmutableArray();
        }

        return Refusal.Of(
            "provider.addresses_exhausted",
            $"insufficient number of IPs: wanted {endpoints.Length}, free {free.Length} of {ranges.Total}",
            ("wanted", endpoints.Length),
            ("free", free.Length),
            ("total", ranges.Total));
    }

    /// <summary>Null when every held address is in the ranges; else <c>provider.addresses_in_use</c>.</summary>
    public static Refusal? Uncovered(AddressRanges ranges, IEnumerable<LeasedAddress> held)
    {
        var all = ranges.All().ToHashSet(StringComparer.Ordinal);
        var missing = held.Select(static h => h.Address).Where(a => !all.Contains(a)).ToArray();
        return missing.Length == 0
            ? null
            : Refusal.Of("provider.addresses_in_use", $"{missing.Length} addresses that are held would leave the pool, e.g. {missing[0]}", ("held", missing.Length), ("address", missing[0]));
    }
}
