using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Staking;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Sweeps;

/// <summary>What is due of staking, inflation and emission.</summary>
public sealed partial class SweepGrain
{
    private bool _begun;

    /// <summary>Movements of stake a crash interrupted, exits that are free, epochs that are over, blocks to settle.</summary>
    private async Task<int> StakeAndEmissionAsync()
    {
        await BeginAsync();
        var now = clock.Now.ToUnixTimeMilliseconds();
        var unfinished = new Filter("unfinished", Comparison.Equal, true);
        var hotkeys = await ListAsync(StakeState.Kind.Table.Kind, null, unfinished);
        var exits = await ListAsync(DelegationState.Kind.Table.Kind, "free_ms", new Filter("free_ms", Comparison.LessOrEqual, now));
        string[] due = [.. hotkeys.Select(static r => r.Id.Key).Concat(exits.Select(static r => r.Id.Parent)).Distinct(StringComparer.Ordinal)];
        await VisitAsync("stake", due, key => GrainFactory.GetGrain<IStakeGrain>(key).TickAsync());
        var stakers = await ListAsync(StakerState.Kind.Table.Kind, null, unfinished);
        await VisitAsync("staker", stakers.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IStakerGrain>(key).TickAsync());
        var inflations = await ListAsync(InflationState.Kind.Table.Kind, "next_action_ms", new Filter("next_action_ms", Comparison.LessOrEqual, now));
        await VisitAsync("inflation", inflations.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IInflationGrain>(key).TickAsync());
        var emissions = await ListAsync(EmissionRow.Kind.Table.Kind, "next_action_ms", new Filter("next_action_ms", Comparison.LessOrEqual, now));
        await VisitAsync("emission", emissions.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IEmissionGrain>(key).TickAsync());
        return due.Length + stakers.Length + inflations.Length + emissions.Length;
    }

    /// <summary>A network's first round: what counts epochs and blocks by itself gets its row, and is due by it from then on.</summary>
    private async Task BeginAsync()
    {
        if (_begun)
        {
            return;
        }

        var inflation = await VisitAsync(
            "inflation",
            tokens.All.Where(t => t is { Native: true, Staked: true } && t.Denom != EmissionKeys.Tao && KeyHash.Shard(t.Denom, _options.Shards) == Shard).Select(static t => t.Denom),
            denom => GrainFactory.GetGrain<IInflationGrain>(denom).TickAsync());
        var emission = await VisitAsync(
            "emission",
            tokens.IsDenom(EmissionKeys.Tao) && KeyHash.Shard(EmissionKeys.Tao, _options.Shards) == Shard ? [EmissionKeys.Tao] : [],
            denom => GrainFactory.GetGrain<IEmissionGrain>(denom).TickAsync());
        _begun = inflation && emission;
    }
}
