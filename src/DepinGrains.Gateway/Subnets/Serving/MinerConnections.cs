using System.Net;
using DepinGrains.Gateway.Subnets.Tunnels;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>This gateway's connections to miners: straight ones under the policy of <see cref="EgressHttp"/>, others through the agents of miners' nodes, which decide for themselves what may be reached.</summary>
public sealed class MinerConnections : IDisposable
{
    private static readonly HttpRequestOptionsKey<MinerTunnel> Way = new("depin.tunnel");
    private readonly HttpMessageInvoker _straight;
    private readonly HttpMessageInvoker _tunnelled;
    private readonly bool _privateToo;

    public MinerConnections(IOptions<ServingOptions> options, MinerTunnels tunnels)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tunnels);
        var o = options.Value;
        _privateToo = o.PrivateAddresses;
        _straight = new HttpMessageInvoker(EgressHttp.Handler(_privateToo, o.ConnectTimeout, o.HeaderKilobytesMax, o.ConnectionsPerMinerMax));
        var handler = EgressHttp.Handler(privateToo: false, o.ConnectTimeout, o.HeaderKilobytesMax, o.ConnectionsPerMinerMax);
        // An idle connection keeps one of the few tunnels of its workload from everybody else.
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2);
        handler.ConnectCallback = (context, cancel) => context.InitialRequestMessage.Options.TryGetValue(Way, out var tunnel) ? tunnels.OpenAsync(tunnel, cancel) : throw new InvalidOperationException("no tunnel was named");
        _tunnelled = new HttpMessageInvoker(handler);
    }

    /// <summary>Sends; answers when the headers are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, MinerTunnel? tunnel, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        if (tunnel is null)
        {
            EgressHttp.Check(request.RequestUri?.OriginalString, _privateToo);
            return _straight.SendAsync(request, cancel);
        }

        // The miner sees the address it announced, which is also what was signed.
        request.Headers.Host = request.RequestUri!.Authority;
        request.RequestUri = new UriBuilder(request.RequestUri) { Host = tunnel.Host }.Uri;
        request.Options.Set(Way, tunnel);
        return _tunnelled.SendAsync(request, cancel);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _straight.Dispose();
        _tunnelled.Dispose();
    }
}
