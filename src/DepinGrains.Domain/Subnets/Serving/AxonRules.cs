using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>
/// What a hotkey may announce as its endpoint. Only what can be said without asking anybody is said here: a name is resolved, and its address checked again, by whoever connects.
/// Source: subtensor a13316c42 <c>serving.rs do_serve_axon</c> (no zero, loopback or otherwise unroutable address).
/// </summary>
public static class AxonRules
{
    /// <summary>Longest endpoint.</summary>
    public const int EndpointLengthMax = 256;

    /// <summary>Most models.</summary>
    public const int ModelsMax = 16;

    /// <summary>Longest name of a model.</summary>
    public const int ModelLengthMax = 64;

    /// <summary>Null, or <c>axon.endpoint_invalid</c>, <c>axon.address_not_allowed</c>, <c>axon.models_invalid</c>.</summary>
    /// <param name="endpoint">Absolute URL.</param>
    /// <param name="models">Names of models.</param>
    /// <param name="anyAddress">Private and loopback addresses may be announced: in standalone, or through an agent's tunnel.</param>
    public static Refusal? WhyNot(string endpoint, ImmutableArray<string> models, bool anyAddress)
    {
        if (endpoint is not { Length: > 0 and <= EndpointLengthMax } || !endpoint.All(static c => c is > ' ' and < '\u007f') || !Uri.TryCreate(endpoint, UriKind.Absolute, out var url)
            || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0 || url.Port is <= 0 or > 65_535 || url.HostNameType is UriHostNameType.Unknown or UriHostNameType.Basic)
        {
            return Refusal.Of("axon.endpoint_invalid", $"an endpoint is an http or https URL without user, query and fragment, at most {EndpointLengthMax} characters", ("max", EndpointLengthMax));
        }

        if (models.IsDefault || models.Length > ModelsMax || models.Any(static m => m is not { Length: > 0 and <= ModelLengthMax } || m.Any(char.IsControl) || m.Any(char.IsSurrogate)))
        {
            return Refusal.Of("axon.models_invalid", $"at most {ModelsMax} names of models, of 1 to {ModelLengthMax} characters", ("max", ModelsMax), ("lengthMax", ModelLengthMax));
        }

        var host = url.IdnHost.TrimEnd('.');
        var named = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        return anyAddress || !(named || (IPAddress.TryParse(host, out var address) && !IsPublic(address)))
            ? null
            : Refusal.Of("axon.address_not_allowed", $"{host} cannot be reached by others: announce a public address, or the node whose agent tunnels to it (--node)", ("host", host));
    }

    /// <summary>Whether an address is one of the public internet: not zero, loopback, private, shared, link-local, documentation, benchmark, multicast, reserved, nor an IPv6 form of one (RFC 6890).</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        Span<byte> b = stackalloc byte[16];
        address.TryWriteBytes(b, out _);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // Global unicast is 2000::/3; of it not documentation 2001:db8::/32, Teredo and the like 2001::/23, 6to4 2002::/16 (which carries an IPv4 address).
            return (b[0] & 0xE0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x01 && ((b[2] == 0x0D && b[3] == 0xB8) || b[2] < 0x02)) && !(b[0] == 0x20 && b[1] == 0x02);
        }

        return b[0] switch
        {
            0 or 10 or 127 or >= 224 => false,
            100 => (b[1] & 0xC0) != 64,
            169 => b[1] != 254,
            172 => (b[1] & 0xF0) != 16,
            192 => b[1] != 168 && !(b[1] == 0 && b[2] is 0 or 2) && !(b[1] == 88 && b[2] == 99),
            198 => (b[1] & 0xFE) != 18 && !(b[1] == 51 && b[2] == 100),
            203 => !(b[1] == 0 && b[2] == 113),
            _ => true,
        };
    }
}
