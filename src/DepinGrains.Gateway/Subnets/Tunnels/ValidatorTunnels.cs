using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>
/// Who of the validators may go through tunnels, and how far: a miner's node has few of them, and most are for callers. Permit and stake are asked, as miners ask them, not whether weights were set of late: who comes back
/// after a long time must ask miners before he can judge them.
/// </summary>
public sealed class ValidatorTunnels(IOptions<ServingOptions> options)
{
    private readonly Dictionary<(int Netuid, int Uid), List<string>> _open = [];

    /// <summary>Null when the caller is a validator of the subnet by that hotkey: his own, with a permit of the last epoch and stake.</summary>
    public static async Task<Refusal?> WhyNotAsync(IGrainFactory grains, int netuid, string hotkey, string caller)
    {
        ArgumentNullException.ThrowIfNull(grains);
        var found = await grains.GetGrain<ISubnetGrain>(netuid).FindNeuronAsync(hotkey);
        if (!found.IsOk)
        {
            return found.Refusal;
        }

        var neuron = found.Value;
        return neuron.Coldkey != caller ? Refusal.Of(IdentityError.Foreign, $"The hotkey {hotkey} belongs to {neuron.Coldkey}, not to {caller}.", ("owner", neuron.Coldkey), ("caller", caller))
            : neuron is { ValidatorPermit: true, Stake: > 0 } ? null
            : Refusal.Of("tunnel.caller_not_allowed", $"Tunnels are for validators: uid {neuron.Uid} of subnet {netuid} has {(neuron.ValidatorPermit ? "a permit but no stake" : "no validator permit")}.",
                ("netuid", netuid), ("uid", neuron.Uid), ("permit", neuron.ValidatorPermit), ("stake", neuron.Stake));
    }

    /// <summary>Takes one of the miner's places for validators for as long as the work lasts, or refuses with <c>tunnel.in_use</c>.</summary>
    public async Task<IResult> HoldAsync(MinerTunnel tunnel, string caller, Func<TunnelLimits, Task<IResult>> work)
    {
        ArgumentNullException.ThrowIfNull(tunnel);
        ArgumentNullException.ThrowIfNull(work);
        var o = options.Value;
        if (TryEnter((tunnel.Netuid, tunnel.Uid), caller, o) is { } full)
        {
            return Problems.From(full);
        }

        try
        {
            return await work(new TunnelLimits(o.ValidatorTunnelBytesMax, o.ValidatorTunnelTimeMax));
        }
        finally
        {
            Leave((tunnel.Netuid, tunnel.Uid), caller);
        }
    }

    private Refusal? TryEnter((int Netuid, int Uid) miner, string caller, ServingOptions o)
    {
        lock (_open)
        {
            var callers = _open.GetValueOrDefault(miner) ?? [];
            if (callers.Count >= o.ValidatorTunnelsPerMinerMax)
            {
                return Full(miner, "validators", o.ValidatorTunnelsPerMinerMax);
            }

            if (callers.Count(c => c == caller) >= o.TunnelsPerValidatorAndMinerMax)
            {
                return Full(miner, "you", o.TunnelsPerValidatorAndMinerMax);
            }

            callers.Add(caller);
            _open[miner] = callers;
            return null;
        }
    }

    private void Leave((int Netuid, int Uid) miner, string caller)
    {
        lock (_open)
        {
            if (_open[miner] is var callers && callers.Remove(caller) && callers.Count == 0)
            {
                _open.Remove(miner);
            }
        }
    }

    private static Refusal Full((int Netuid, int Uid) miner, string whose, int max) => Refusal.Of(
        "tunnel.in_use", $"{max} tunnel(s) of {whose} to uid {miner.Uid} of subnet {miner.Netuid} are open through this gateway, the most allowed", ("netuid", miner.Netuid), ("uid", miner.Uid), ("max", max));
}
