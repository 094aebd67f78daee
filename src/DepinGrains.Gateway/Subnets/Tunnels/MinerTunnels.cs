using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>
/// Opens streams to miners behind agents: through the agent's connection where this process holds it, else through the gateway that does, which is asked with a request signed by this gateway's own key
/// (<c>Serving:KeyFile</c>) and looks the miner up for itself.
/// </summary>
public sealed class MinerTunnels(AgentConnections agents, IAgentPeers peers, MinerSigner signer, IOptions<AgentEndpointOptions> options) : IDisposable
{
    private readonly HttpMessageInvoker _http = TunnelClient.Http(TimeSpan.FromSeconds(3));

    /// <summary>A stream to the miner's port, for requests of callers: <see cref="MinerException"/> (busy) when the miner was not asked at all, <see cref="IOException"/> when it is not there now.</summary>
    public async ValueTask<Stream> OpenAsync(MinerTunnel tunnel, CancellationToken cancel)
    {
        try
        {
            return await ConnectAsync(tunnel, cancel);
        }
        catch (RefusalException refused)
        {
            // Places taken, or a gateway's own trouble, is no fault of the miner's.
            throw TunnelClient.IsOfTheMiner(refused.Refusal) ? new IOException(refused.Refusal.ToString(), refused) : new MinerException(MinerBook.Busy);
        }
    }

    /// <summary>A stream to the miner's port; throws <see cref="RefusalException"/> when there is no way there now.</summary>
    public async ValueTask<Stream> ConnectAsync(MinerTunnel tunnel, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(tunnel);
        return agents.Find(tunnel.Node) is { } connection ? await connection.OpenTunnelAsync(tunnel.Workload, tunnel.Port, cancel)
            : await peers.FindAsync(tunnel.Node) is { } peer ? await RelayedAsync(tunnel, peer, cancel)
            : throw new RefusalException(agents.NotConnected(tunnel.Node) ?? Refusal.Of("node.not_connected", "the node just left", ("node", tunnel.Node)));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<Stream> RelayedAsync(MinerTunnel tunnel, Uri peer, CancellationToken cancel)
    {
        if (signer.Identity is null)
        {
            throw new RefusalException(Unavailable(tunnel, "this gateway has no key (Serving:KeyFile) with which to ask the one that holds the agent"));
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(peer, TunnelClient.PathOf(tunnel.Netuid, tunnel.Uid, hotkey: null)));
        signer.Sign(request, [], RequestSigner.NewIdempotencyKey());
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(options.Value.TunnelOpenTimeout);
            return await TunnelClient.OpenAsync(_http, request, limit.Token);
        }
        catch (TunnelRefusedException refused)
        {
            throw new RefusalException(refused.Refusal);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException || (problem is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new RefusalException(Unavailable(tunnel, $"the gateway at {peer} opens no tunnel: {problem.Message}"));
        }
    }

    private static Refusal Unavailable(MinerTunnel tunnel, string why) => Refusal.Of("tunnel.relay_unavailable", why, ("node", tunnel.Node));
}
