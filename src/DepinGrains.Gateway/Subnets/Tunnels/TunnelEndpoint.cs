using System.Globalization;
using System.Net.WebSockets;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Nodes;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>
/// <c>GET /v1/subnets/{netuid}/neurons/{uid}/tunnel</c>, a WebSocket whose binary messages are the bytes of a miner's port: for the network's other gateways, which do not hold the agent's connection. Where it leads is what
/// the uid has announced, nothing the caller says; only an operator's key opens it.
/// </summary>
public static class TunnelEndpoint
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Maps it.</summary>
    public static void MapTunnelEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/subnets/{netuid:int}/neurons/{uid:int}/tunnel", OpenAsync).RequireSignature().WithTags("Subnets").WithName("openMinerTunnel")
            .WithSummary("A stream to a miner behind an agent, over a WebSocket; for gateways").ExcludeFromDescription();

    internal static string PathOf(MinerTunnel tunnel) => string.Create(CultureInfo.InvariantCulture, $"/v1/subnets/{tunnel.Netuid}/neurons/{tunnel.Uid}/tunnel");

    /// <summary>Opens; all that can be refused is refused before the upgrade.</summary>
    public static async Task<IResult> OpenAsync(int netuid, int uid, Caller caller, HttpContext context, IGrainFactory grains, AgentConnections agents)
    {
        if (await caller.VerifyOperatorAsync(grains) is { } forbidden)
        {
            return Problems.From(forbidden);
        }

        var neuron = await grains.GetGrain<ISubnetGrain>(netuid).GetNeuronAsync(uid);
        if (!neuron.IsOk)
        {
            return Problems.From(neuron.Refusal);
        }

        if (neuron.Value.Axon is not { } axon || MinerTunnel.Of(netuid, uid, axon) is not { } tunnel)
        {
            return Problems.From(Refusal.Of("axon.not_found", $"uid {uid} of subnet {netuid} is behind no agent's tunnel", ("netuid", netuid), ("uid", uid)));
        }

        // Asked by a gateway, it is not sent on to a third.
        if (agents.Find(tunnel.Node) is not { } connection)
        {
            return Problems.From(agents.NotConnected(tunnel.Node)!);
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            return Problems.From(Refusal.Of("tunnel.upgrade_invalid", "A tunnel is opened as a WebSocket (HTTP/1.1 upgrade)."));
        }

        await using var far = await connection.OpenTunnelAsync(tunnel.Workload, tunnel.Port, context.RequestAborted);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await using var near = WebSocketStream.Create(socket, WebSocketMessageType.Binary, CloseTimeout);
        await JoinAsync(near, far, context.RequestAborted);
        return Results.Empty;
    }

    /// <summary>Both ways until one side is done or gone: an HTTP connection of which one side has closed is of no more use.</summary>
    private static async Task JoinAsync(Stream near, Stream far, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] both = [near.CopyToAsync(far, end.Token), far.CopyToAsync(near, end.Token)];
        await Task.WhenAny(both);
        await end.CancelAsync();
        await Task.WhenAll(both).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
