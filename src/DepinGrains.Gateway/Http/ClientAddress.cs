using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Where a request came from. Behind proxies named in <see cref="HttpOptions.TrustedProxies"/> that is what they say, taken from the right of <c>X-Forwarded-For</c>: each proxy appends whom it saw, so what a client wrote itself stands
/// left of that and is never reached. From anybody else the header changes nothing.
/// </summary>
public static class ClientAddress
{
    /// <summary>The header proxies append to.</summary>
    public const string Header = "X-Forwarded-For";

    /// <summary>The address, an IPv4 one always as such; <see cref="IPAddress.None"/> where the server does not tell.</summary>
    public static IPAddress Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    /// <summary>A network, or an address as the network of itself; null when it is neither.</summary>
    internal static System.Net.IPNetwork? Network(string text) =>
        System.Net.IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new System.Net.IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    internal static void AddClientAddress(this IServiceCollection services) =>
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<HttpOptions>>(static (forwarded, http) =>
        {
            // The framework trusts loopback unless told otherwise, and everybody when its lists are empty; see UseClientAddress for that.
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in http.Value.TrustedProxies)
            {
                forwarded.KnownIPNetworks.Add(Network(proxy)!.Value);
            }

            forwarded.ForwardLimit = http.Value.ProxyHopsMax;
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        });

    internal static void UseClientAddress(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<HttpOptions>>().Value.TrustedProxies.Count > 0)
        {
            app.UseForwardedHeaders();
        }
    }
}
