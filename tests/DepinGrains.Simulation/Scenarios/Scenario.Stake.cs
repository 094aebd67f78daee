using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Staking;
using DepinGrains.Domain.Subnets.Shares;
using DepinGrains.Grains.Network;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Stake, and epochs of subnets as their grain would pay them: drawn from TAO's emission, put on hotkeys.</content>
internal sealed partial class Scenario
{
    private const string Tao = EmissionKeys.Tao;
    private static readonly ImmutableArray<string> Coldkeys = [.. Enumerable.Range(0, 4).Select(static i => IdentityIds.ForFirstKey("simulation", $"{i}"))];
    private static readonly ImmutableArray<string> Hotkeys = [.. Enumerable.Range(0, 2).Select(static i => IdentityIds.Reference(Coldkeys[i], IdentityIds.ForKey(Encoding.UTF8.GetBytes($"{i}"))))];
    private readonly long[] _epochs = new long[3];

    private IEmissionGrain Emission => _world.Grain(static g => g.GetGrain<IEmissionGrain>(Tao));

    private long TaoBlock => (_world.Time.GetUtcNow() - new NetworkOptions().Genesis).Ticks / TimeSpan.FromSeconds(TaoEmission.BlockSeconds).Ticks;

    private IStakeGrain Stake(string hotkey) => _world.Grain(g => g.GetGrain<IStakeGrain>(StakeKeys.Of(Tao, hotkey)));

    private async Task SetUpStakeAsync()
    {
        (await _caller.AskAsync("parameter hold", () => _world.Grain(static g => g.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network))
            .SetAsync("simulation", new SetParameter("staking.hold_seconds.rao", 60, null, "op")))).Require();
        foreach (var coldkey in Coldkeys)
        {
            await MintAsync(Tao, coldkey, 100 * TaoEmission.RaoPerTao);
            _model.Stake.Minted += 100 * TaoEmission.RaoPerTao;
        }

        foreach (var (hotkey, owner) in Hotkeys.Zip(Coldkeys))
        {
            (await _caller.AskAsync("terms " + hotkey, () => Stake(hotkey).SetTermsAsync(owner, new SetStakeTerms(owner, true, null)))).Require();
        }

        var block = TaoBlock;
        ImmutableArray<SubnetShare> shares = [new(1, SubnetEmission.All / 2, OwnerCut.Default), new(2, SubnetEmission.All / 3, 0)];
        _model.Stake.Shares = (await _caller.AskAsync("shares rao", () => Emission.SetSharesAsync("simulation", new SetShares(block, shares, "simulation")))).Require();
    }

    private Task StakeAsync() => _stakes.Below(10) switch
    {
        < 3 => AddStakeAsync(),
        < 5 => RemoveStakeAsync(),
        5 => MoveStakeAsync(),
        < 9 => EpochAsync(),
        _ => RecycleAsync(),
    };

    private async Task AddStakeAsync()
    {
        var (id, coldkey, hotkey, amount) = (_caller.NewId(), _stakes.Pick(Coldkeys), _stakes.Pick(Hotkeys), _stakes.Between(90_000_000, 5_000_000_000));
        await _caller.AskAsync($"stake {id}", () => Stake(hotkey).AddAsync(id, new AddStake(coldkey, amount)), (first, again) => _caller.MustBeSame($"stake {id}", first, again));
    }

    private async Task RemoveStakeAsync()
    {
        var (id, coldkey, hotkey, amount) = (_caller.NewId(), _stakes.Pick(Coldkeys), _stakes.Pick(Hotkeys), _stakes.OneIn(3) ? 0 : _stakes.Between(1, 3_000_000_000));
        await _caller.AskAsync($"unstake {id}", () => Stake(hotkey).RemoveAsync(id, new RemoveStake(coldkey, amount)), (first, again) =>
        {
            // What was refused for the moment alone may be taken later.
            if (first.IsOk)
            {
                _caller.MustBeSame($"unstake {id}", first, again);
            }
        });
    }

    private async Task MoveStakeAsync()
    {
        var (id, coldkey, from) = (_caller.NewId(), _stakes.Pick(Coldkeys), _stakes.Below(2));
        var move = new MoveStake(coldkey, Hotkeys[from], Hotkeys[1 - from], _stakes.OneIn(2) ? 0 : _stakes.Between(90_000_000, 3_000_000_000));
        await _caller.AskAsync($"move {id}", () => _world.Grain(g => g.GetGrain<IStakerGrain>(StakeKeys.Of(Tao, coldkey))).MoveAsync(id, move), (first, again) => _caller.MustBeSame($"move {id}", first, again));
    }

    private async Task RecycleAsync()
    {
        var (id, coldkey, amount) = (_caller.NewId(), _stakes.Pick(Coldkeys), _stakes.Between(1, 2_000_000_000));
        var recycled = await _caller.AskAsync($"recycle {id}", () => Emission.RecycleAsync(id, new RecycleEmission(LedgerAccounts.Wallet(coldkey), amount, 1)), (first, again) =>
            _caller.MustBeSame($"recycle {id}", first.IsOk, again.IsOk));
        _model.Stake.Recycled += recycled.IsOk ? amount : 0;
    }

    /// <summary>An epoch of a subnet: what is drawn must be paid, to the rao, once.</summary>
    private async Task EpochAsync()
    {
        var netuid = _stakes.Between(1, 2);
        var (epoch, block, mining) = (++_epochs[netuid], TaoBlock, _stakes.Below(100));
        var draw = await _caller.AskAsync($"draw {netuid} {epoch}", () => Emission.DrawAsync((int)netuid, epoch, block), (first, again) =>
        {
            if (first.IsOk)
            {
                _caller.MustBeSame($"draw {netuid} {epoch}", first, again);
            }
        });
        if (!draw.IsOk || draw.Value.Owner + draw.Value.Queued == 0)
        {
            return;
        }

        var payments = new List<EpochPayment> { new(LedgerAccounts.Wallet(Coldkeys[0]), draw.Value.Owner) };
        foreach (var hotkey in Hotkeys)
        {
            string[] accounts = [StakeAccounts.Own(hotkey), StakeAccounts.Pool(hotkey)];
            var terms = await _caller.AskAsync("terms of", async () => new Result<StakeTerms>(await Stake(hotkey).GetTermsAsync(), null));
            var posted = (await _caller.AskAsync("balances of", () => Ledger(Tao).GetBalancesAsync([.. accounts]))).Require().Posted;
            var part = (draw.Value.Queued - 7) / Hotkeys.Length;
            var reward = StakeReward.Split(posted[0], posted[1], terms.Require().Take, part * mining / 100, part - (part * mining / 100), terms.Value!.HasDelegators);
            payments.AddRange([new(accounts[0], reward.Own), new(accounts[1], reward.Pool)]);
        }

        var transfers = EpochPayments.Of(draw.Value, payments);
        (await _caller.AskAsync($"pay {netuid} {epoch}", async () => (await Ledger(Tao).ExecuteManyAsync(transfers)).First())).Require();
        _model.Stake.Dust += transfers.SelectMany(static t => t.Legs).Where(static l => l.Account == LedgerAccounts.Issuance).Sum(static l => l.Amount);
    }
}
