using System.Globalization;
using System.Net;
using DepinGrains.Cli.Common;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Gateway.Subnets.Tunnels;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary>
/// A validator's way to miners behind agents: each request goes over a tunnel of its own that the network's gateway opens for its signature and its permit. So few at once that the gateway's streams for one caller suffice;
/// time spent waiting for a place is not the miner's.
/// </summary>
internal sealed class GatewayTunnels : IDisposable
{
    private const int AtOnce = 16;
    private static readonly HttpRequestOptionsKey<int> Uid = new("depin.uid");
    private readonly SemaphoreSlim _places = new(AtOnce, AtOnce);
    private readonly HttpMessageInvoker _gateway;
    private readonly HttpMessageInvoker _miners;
    private readonly Session _session;
    private readonly (int Netuid, string Hotkey) _who;

    /// <param name="session">Whom to ask, and the key that signs.</param>
    /// <param name="netuid">The subnet.</param>
    /// <param name="hotkey">By which the caller validates there.</param>
    /// <param name="timeout">Time a miner has.</param>
    public GatewayTunnels(Session session, int netuid, string hotkey, TimeSpan timeout)
    {
        (_session, _who, _gateway) = (session, (netuid, hotkey), TunnelClient.Http(timeout));
        var handler = EgressHttp.Handler(privateToo: false, timeout, headerKilobytesMax: 16, connectionsMax: AtOnce);

        // A tunnel that is kept is one of few that others cannot have.
        handler.PooledConnectionLifetime = TimeSpan.Zero;
        handler.ConnectCallback = (context, cancel) => context.InitialRequestMessage.Options.TryGetValue(Uid, out var uid) ? OpenAsync(uid, cancel) : throw new InvalidOperationException("no uid was named");
        _miners = new HttpMessageInvoker(handler);
    }

    /// <summary>Waits for a place; dispose it when the answer is read.</summary>
    public async Task<IDisposable> WaitAsync(CancellationToken cancel)
    {
        await _places.WaitAsync(cancel);
        return new Place(_places);
    }

    /// <summary>Sends a signed request to the miner.</summary>
    public Task<HttpResponseMessage> SendAsync(int uid, HttpRequestMessage request, CancellationToken cancel)
    {
        // The miner sees the address it announced, which is also what was signed.
        (request.Version, request.VersionPolicy) = (HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact);
        request.Headers.Host = request.RequestUri!.Authority;
        request.RequestUri = new UriBuilder(request.RequestUri) { Host = string.Create(CultureInfo.InvariantCulture, $"uid-{uid}.tunnel") }.Uri;
        request.Options.Set(Uid, uid);
        return _miners.SendAsync(request, cancel);
    }

    /// <summary>Why the miner was not asked at all; null when it was, or is not there, or its own agent refused: whoever could say "full" and keep his average would never be asked again.</summary>
    public static string? WhyNotAsked(HttpRequestException problem) => problem.InnerException switch
    {
        TunnelRefusedException refused => refused.Refusal.Code == "tunnel.refused" || TunnelClient.IsOfTheMiner(refused.Refusal) ? null : "no tunnel: " + refused.Refusal.Code,
        GatewayAwayException => "no tunnel: the gateway cannot be reached",
        _ => null,
    };

    public void Dispose()
    {
        _miners.Dispose();
        _gateway.Dispose();
        _places.Dispose();
    }

    private async ValueTask<Stream> OpenAsync(int uid, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_session.Server, TunnelClient.PathOf(_who.Netuid, uid, _who.Hotkey)));
        await _session.Signer.SignAsync(request, cancel: cancel);
        try
        {
            return await TunnelClient.OpenAsync(_gateway, request, cancel);
        }
        catch (HttpRequestException away)
        {
            throw new GatewayAwayException(away);
        }
    }

    /// <summary>It is the gateway that is gone.</summary>
    private sealed class GatewayAwayException(HttpRequestException problem) : IOException(problem.Message, problem);

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
