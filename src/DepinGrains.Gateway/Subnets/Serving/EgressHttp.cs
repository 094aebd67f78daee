using System.Net;
using System.Net.Sockets;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>
/// The only way out to addresses that strangers name, of gateways and (this file is compiled into <c>depin</c> too) of validators. A name is resolved here, once per connection, and the very address that was judged is
/// connected to, so that a second answer of the name server changes nothing. Redirects are not followed, proxies not asked, cookies not kept, compressed bodies not unpacked, trace ids not given away.
/// </summary>
internal static class EgressHttp
{
    private const int AddressesMax = 4;

    /// <summary>A handler bound to the policy.</summary>
    public static SocketsHttpHandler Handler(bool privateToo, TimeSpan connectTimeout, int headerKilobytesMax, int connectionsMax) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        Credentials = null,
        PreAuthenticate = false,
        ConnectTimeout = connectTimeout,
        ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, privateToo, cancel),
        MaxResponseHeadersLength = headerKilobytesMax,
        MaxConnectionsPerServer = connectionsMax,
        MaxResponseDrainSize = 0,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),

        // A name that moves is followed within minutes, through the same check.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    /// <summary>Throws for an address that no connection need be tried to.</summary>
    public static void Check(string? url, bool privateToo)
    {
        if (EgressRules.WhyNot(url, privateToo) is { } refusal)
        {
            throw new EgressException(refusal.Detail);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool privateToo, CancellationToken cancel)
    {
        var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(target.Host, cancel);
        SocketException? last = null;
        foreach (var address in addresses.Where(a => EgressRules.WhyNot(a, privateToo) is null).Take(AddressesMax))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, target.Port), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException away)
            {
                socket.Dispose();
                last = away;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last is null ? new EgressException($"{target.Host} resolves to no address the policy lets through") : last;
    }
}

/// <summary>The policy does not let us connect there.</summary>
internal sealed class EgressException(string message) : IOException(message);
