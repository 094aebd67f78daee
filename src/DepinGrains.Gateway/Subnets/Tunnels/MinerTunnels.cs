using System.Net.WebSockets;
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
public sealed class MinerTunnels(AgentConnections agents, IAgentPeers peers, MinerSigner signer, IOptions<AgentEndpointOptions> options)
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>A stream to the miner's port; throws <see cref="IOException"/> when there is no way there now.</summary>
    public async ValueTask<Stream> OpenAsync(MinerTunnel tunnel, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(tunnel);
        try
        {
            return agents.Find(tunnel.Node) is { } connection ? await connection.OpenTunnelAsync(tunnel.Workload, tunnel.Port, cancel)
                : await peers.FindAsync(tunnel.Node) is { } peer ? await RelayedAsync(tunnel, peer, cancel)
                : throw new RefusalException(agents.NotConnected(tunnel.Node) ?? Refusal.Of("node.not_connected", "the node just left"));
        }
        catch (RefusalException refused)
        {
            // All places taken is no fault of the miner's.
            throw refused.Refusal.Code == "tunnel.in_use" ? new MinerException(MinerBook.Busy) : new IOException(refused.Refusal.ToString());
        }
    }

    private async Task<Stream> RelayedAsync(MinerTunnel tunnel, Uri peer, CancellationToken cancel)
    {
        if (signer.Identity is null)
        {
            throw new IOException("this gateway has no key (Serving:KeyFile) with which to ask the one that holds the agent");
        }

        var address = new Uri(peer, TunnelEndpoint.PathOf(tunnel));
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        signer.Sign(request, [], RequestSigner.NewIdempotencyKey());
        var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
        foreach (var header in request.Headers)
        {
            socket.Options.SetRequestHeader(header.Key, string.Join(',', header.Value));
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(options.Value.TunnelOpenTimeout);
            await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws" }.Uri, limit.Token);
            return WebSocketStream.Create(socket, WebSocketMessageType.Binary, CloseTimeout);
        }
        catch (Exception problem) when (problem is WebSocketException or HttpRequestException || (problem is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            socket.Dispose();
            throw new IOException($"the gateway at {peer} opens no tunnel to {tunnel.Node}: {problem.Message}", problem);
        }
    }
}
