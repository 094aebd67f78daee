using System.Net;
using System.Net.Sockets;
using DepinGrains.Domain.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>
/// The only way out to miners. A name is resolved here, once per connection, and the very address that was judged is connected to, so that a second answer of the name server changes nothing. Redirects are not followed,
/// proxies not asked, cookies not kept, compressed bodies not unpacked, trace ids not given away.
/// </summary>
public sealed class MinerConnections : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly bool _privateToo;

    public MinerConnections(IOptions<ServingOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var o = options.Value;
        _privateToo = o.PrivateAddresses;
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            Credentials = null,
            PreAuthenticate = false,
            ConnectTimeout = o.ConnectTimeout,
            ConnectCallback = ConnectAsync,
            MaxResponseHeadersLength = o.HeaderKilobytesMax,
            MaxConnectionsPerServer = o.ConnectionsPerMinerMax,
            MaxResponseDrainSize = 0,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),

            // A name that moves is followed within minutes, through the same check.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
    }

    /// <summary>Sends; answers when the headers are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return EgressRules.WhyNot(request.RequestUri?.OriginalString, _privateToo) is { } refusal
            ? throw new EgressException(refusal.Detail)
            : _invoker.SendAsync(request, cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancel);
        var allowed = addresses.Where(a => EgressRules.WhyNot(a, _privateToo) is null).Take(4).ToArray();
        if (allowed.Length == 0)
        {
            throw new EgressException($"{host} resolves to no address the gateway connects to");
        }

        SocketException? last = null;
        foreach (var address in allowed)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), cancel);
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

        throw last!;
    }
}

/// <summary>The policy does not let the gateway connect there.</summary>
public sealed class EgressException(string message) : IOException(message);
