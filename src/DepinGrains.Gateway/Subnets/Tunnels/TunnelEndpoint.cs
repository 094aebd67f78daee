using System.ComponentModel;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Nodes;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>
/// <c>GET /v1/subnets/{netuid}/neurons/{uid}/tunnel</c>, a WebSocket whose binary messages are the bytes of a miner's port. Where it leads is what the uid has announced, nothing the caller says. Two kinds of callers, by
/// signed request: the subnet's validators, who name the hotkey by which they are (<c>?hotkey=</c>) and are bounded by <see cref="ValidatorTunnels"/>; and, without one, the network's other gateways, which do not hold the
/// agent's connection. Nobody is billed.
/// </summary>
public static class TunnelEndpoint
{
    /// <summary>Who may ask as a gateway.</summary>
    private const IdentityRoles Gateways = IdentityRoles.Gateway | IdentityRoles.Operator;

    /// <summary>Maps it.</summary>
    public static void MapTunnelEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/subnets/{netuid:int}/neurons/{uid:int}/tunnel", OpenAsync).RequireSignature().WithTags("Subnets").WithName("openMinerTunnel")
            .WithSummary("A stream to a miner behind an agent, over a WebSocket; for validators and gateways").ExcludeFromDescription();

    /// <summary>Opens; all that can be refused is refused before the upgrade.</summary>
    public static async Task<IResult> OpenAsync(
        int netuid, int uid, Caller caller, HttpContext context, IGrainFactory grains, AgentConnections agents, MinerTunnels tunnels, ValidatorTunnels validators, StreamSlots slots, TimeProvider time,
        [Description("A validator's own hotkey, id_…/key_…; left out by gateways")] string? hotkey = null)
    {
        var why = hotkey is null ? await caller.VerifyRoleAsync(grains, Gateways) : await caller.VerifyAsync(grains) ?? await ValidatorTunnels.WhyNotAsync(grains, netuid, hotkey, caller.Identity);
        if (why is { } forbidden)
        {
            return Problems.From(forbidden);
        }

        var found = await FindAsync(netuid, uid, grains);
        if (!found.IsOk)
        {
            return Problems.From(found.Refusal);
        }

        // Asked by a gateway, it is not sent on to a third.
        var tunnel = found.Value;
        if (hotkey is null && agents.NotConnected(tunnel.Node) is { } away)
        {
            return Problems.From(away);
        }

        return !context.WebSockets.IsWebSocketRequest ? Problems.From(Refusal.Of("tunnel.upgrade_invalid", "A tunnel is opened as a WebSocket (HTTP/1.1 upgrade)."))
            : hotkey is null ? await JoinAsync(context, tunnels, tunnel, TunnelLimits.None, time)
            : await slots.HoldAsync(context, () => validators.HoldAsync(tunnel, caller.Identity, limits => JoinAsync(context, tunnels, tunnel, limits, time)));
    }

    private static async Task<Result<MinerTunnel>> FindAsync(int netuid, int uid, IGrainFactory grains)
    {
        var neuron = await grains.GetGrain<ISubnetGrain>(netuid).GetNeuronAsync(uid);
        return !neuron.IsOk ? neuron.Refusal
            : neuron.Value.Axon is { } axon && MinerTunnel.Of(netuid, uid, axon) is { } tunnel ? tunnel
            : Refusal.Of("axon.not_found", $"uid {uid} of subnet {netuid} is behind no agent's tunnel", ("netuid", netuid), ("uid", uid));
    }

    private static async Task<IResult> JoinAsync(HttpContext context, MinerTunnels tunnels, MinerTunnel tunnel, TunnelLimits limits, TimeProvider time)
    {
        await using var far = await tunnels.ConnectAsync(tunnel, context.RequestAborted);
        using var near = await context.WebSockets.AcceptWebSocketAsync();
        await new TunnelJoin(near, far, limits, time).RunAsync(context.RequestAborted);
        return Results.Empty;
    }
}
