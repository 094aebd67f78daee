using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>
/// Where a gateway may connect when a stranger names the address. Refused is everything that is not a public unicast address: IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and later entries),
/// and IPv6 forms that carry an IPv4 address (mapped, compatible, NAT64, 6to4) of that kind.
/// </summary>
public static class EgressRules
{
    /// <summary>Ports below this are other services of a machine; only 80 and 443 of them speak HTTP.</summary>
    public const int FirstFreePort = 1024;

    /// <summary>Longest address of a miner.</summary>
    public const int UrlLengthMax = 512;

    private static readonly ImmutableArray<IPNetwork> Special4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(static n => IPNetwork.Parse(n)),
    ];

    // Only 2000::/3 is given out as global unicast; of it, what is special all the same.
    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    private static readonly ImmutableArray<IPNetwork> Special6 =
    [
        .. new[] { "2001::/23", "2001:db8::/32", "3fff::/20", "2620:4f:8000::/48" }.Select(static n => IPNetwork.Parse(n)),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Null when it may be connected to, else <c>egress.address_not_allowed</c>.</summary>
    /// <param name="address">What a name resolved to, or was written as.</param>
    /// <param name="privateToo">A network on one machine or in one's own data centre: loopback and private addresses are its miners'.</param>
    public static Refusal? WhyNot(IPAddress address, bool privateToo)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = Embedded4(address) ?? address;
        var allowed = IsPublic(plain) || (privateToo && IsOwn(plain));
        return allowed ? null : Refusal.Of(ServingErrors.AddressNotAllowed, $"{address} is no public address; the gateway does not connect to it.", ("address", address));
    }

    /// <summary>Null when the address a miner announces can be one, else <c>egress.url_invalid</c>; what its name resolves to is judged when the gateway connects.</summary>
    public static Refusal? WhyNot(string? url, bool privateToo)
    {
        if (url is not { Length: > 0 and <= UrlLengthMax } || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return Invalid("it is not http:// or https:// with at most 512 characters");
        }

        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return Invalid("it carries a user, a query or a fragment");
        }

        if (uri.Port is not (80 or 443) and (< FirstFreePort or > IPEndPoint.MaxPort))
        {
            return Invalid($"port {uri.Port} is not 80, 443 or {FirstFreePort} and above");
        }

        return IPAddress.TryParse(uri.DnsSafeHost, out var address) ? WhyNot(address, privateToo) : null;
    }

    private static bool IsPublic(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Contains(Special4, address),
        AddressFamily.InterNetworkV6 => address.ScopeId == 0 && GlobalUnicast6.Contains(address) && !Contains(Special6, address),
        _ => false,
    };

    /// <summary>Loopback, RFC 1918, carriers' shared space, unique local: what a machine or a site gives itself. Never link-local, where clouds keep their metadata.</summary>
    private static bool IsOwn(IPAddress address)
    {
        if (IPAddress.IsLoopback(address) || address.IsIPv6UniqueLocal)
        {
            return true;
        }

        if (address.AddressFamily != AddressFamily.InterNetwork)
        {
            return false;
        }

        Span<byte> b = stackalloc byte[4];
        _ = address.TryWriteBytes(b, out _);
        return b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0] == 192 && b[1] == 168) || (b[0] == 100 && (b[1] & 0xC0) == 64);
    }

    private static IPAddress? Embedded4(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        Span<byte> b = stackalloc byte[16];
        _ = address.TryWriteBytes(b, out _);
        if (SixToFour.Contains(address))
        {
            return new IPAddress(b.Slice(2, 4));
        }

        return Nat64.Contains(address) || b[..12].IndexOfAnyExcept((byte)0) < 0 ? Compatible(address, b) : null;
    }

    // ::1 and :: are themselves, not 0.0.0.1 and 0.0.0.0.
    private static IPAddress? Compatible(IPAddress address, ReadOnlySpan<byte> b) =>
        address.Equals(IPAddress.IPv6Loopback) || address.Equals(IPAddress.IPv6Any) ? null : new IPAddress(b[12..]);

    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static Refusal Invalid(string why) => Refusal.Of(ServingErrors.UrlInvalid, $"This is no address a miner can serve at: {why}.");
}
