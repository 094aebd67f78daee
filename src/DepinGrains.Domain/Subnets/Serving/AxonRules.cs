using System.Collections.Immutable;
using System.Net;
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

        // What is on this machine or in one's own network answers only where the network is there too; EgressRules says what that is, and judges again what a name resolves to.
        var host = url.IdnHost.TrimEnd('.');
        var local = IsLocalName(host);
        return (local && !anyAddress) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && EgressRules.WhyNot(address, anyAddress) is not null)
            ? Refusal.Of("axon.address_not_allowed", $"{host} cannot be reached by others: announce a public address, or the node or lease whose agent tunnels to it (--node, --lease)", ("host", host))
            : null;
    }

    /// <summary>True for this machine itself, by name or number.</summary>
    public static bool IsLoopback(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var host = url.IdnHost.TrimEnd('.');
        return IsLocalName(host) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }

    private static bool IsLocalName(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
}
