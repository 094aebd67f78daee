using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Staking;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Staking;

/// <summary>Stake on real grains and the real ledger: who may, what is earned, that nothing is made or lost.</summary>
public sealed class StakeGrainTests(Market market) : IClassFixture<Market>
{
    private const long Tao = 1_000_000_000;
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(4_332);
    private readonly Stakers _s = new(market, market.NewRegion(), "rao");
    private readonly Stakers _akt = new(market, market.NewRegion(), "uakt");

    [Fact]
    public async Task A_reward_raises_everybodys_stake_by_take_and_part_and_all_of_it_can_be_taken_out()
    {
        await _s.DelegateAsync("owner", 200 * Tao);
        await _s.MintAsync("ann", 300 * Tao);
        Assert.Equal(300 * Tao, (await _s.AddAsync("owner", "ann", 300 * Tao)).Require().Stake);
        await _s.RewardAsync("owner", 10 * Tao, 100 * Tao);

        // 18 % (11796/65535) of 100, then 2/5 and 3/5 of the rest; what was mined is the owner's.
        var taken = 100 * Tao * 11_796 / 65_535;
        var delegated = (100 * Tao - taken) * 3 / 5;
        var hotkey = (await _s.Stake("owner").GetAsync()).Require();
        Assert.InRange(hotkey.Delegated, (300 * Tao) + delegated - 1, (300 * Tao) + delegated);
        Assert.Equal(610 * Tao, hotkey.Total);
        Assert.Equal((hotkey.Delegated, hotkey.Own, 1), (await _s.StakeOfAsync("owner", "ann"), await _s.StakeOfAsync("owner", "owner"), hotkey.Delegators));

        market.Time.Advance(Hold);
        (await _s.RemoveAsync("owner", "ann", 0)).Require();
        (await _s.RemoveAsync("owner", "owner", 0)).Require();
        Assert.Equal((hotkey.Delegated, hotkey.Own), (await _s.WalletAsync("ann"), await _s.WalletAsync("owner")));
        Assert.Equal((0L, 0), ((await _s.Stake("owner").GetAsync()).Require().Total, (await _s.Stake("owner").GetAsync()).Require().Delegators));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Who_comes_later_has_nothing_of_earlier_rewards_and_rewards_of_a_deserted_pool_are_the_owners()
    {
        await _s.DelegateAsync("owner", Tao, 0);
        await _s.MintAsync("ann", 3 * Tao);
        await _s.MintAsync("bob", 8 * Tao);
        (await _s.AddAsync("owner", "ann", 3 * Tao)).Require();
        await _s.RewardAsync("owner", 0, 4 * Tao);
        Assert.Equal(6 * Tao, await _s.StakeOfAsync("owner", "ann"));
        Assert.Equal(8 * Tao, (await _s.AddAsync("owner", "bob", 8 * Tao)).Require().Stake);
        Assert.Equal(6 * Tao, await _s.StakeOfAsync("owner", "ann"));

        // An epoch whose stakes were read before all delegators left pays a pool without shares.
        market.Time.Advance(Hold);
        (await _s.RemoveAsync("owner", "ann", 0)).Require();
        (await _s.RemoveAsync("owner", "bob", 0)).Require();
        (await market.LedgerOf("rao").ExecuteAsync(new Transfer(
            "late/" + _s.Region.NewOperation(), TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -Tao), new Leg(StakeAccounts.Pool(_s.Hotkey("owner")), Tao)]))).Require();
        Assert.Equal((3 * Tao, 0L), ((await _s.Stake("owner").GetAsync()).Require().Own, (await _s.Stake("owner").GetAsync()).Require().Delegated));
        (await _s.AddAsync("owner", "ann", Tao)).Require();
        Assert.Equal((Tao, 3 * Tao), (await _s.StakeOfAsync("owner", "ann"), await _s.StakeOfAsync("owner", "owner")));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task What_was_earned_is_told_from_what_was_put_in_whoever_adds_moves_or_takes_out()
    {
        await _s.DelegateAsync("owner", 100 * Tao, 0);
        await _s.DelegateAsync("other", 100 * Tao, 0);
        await _s.MintAsync("ann", 300 * Tao);
        Assert.Equal(0, (await _s.AddAsync("owner", "ann", 300 * Tao)).Require().Earned);
        await _s.RewardAsync("owner", 10 * Tao, 40 * Tao);
        Assert.Equal((330 * Tao, 30 * Tao), await EarnedAsync("owner", "ann"));
        Assert.Equal((120 * Tao, 20 * Tao), await EarnedAsync("owner", "owner"));

        // What goes out takes nothing from what was earned, and where it goes it is put in.
        market.Time.Advance(Hold);
        (await _s.RemoveAsync("owner", "ann", 30 * Tao)).Require();
        Assert.Equal((300 * Tao, 30 * Tao), await EarnedAsync("owner", "ann"));
        (await _s.Staker("ann").MoveAsync(_s.Region.NewOperation(), new MoveStake(_s.Coldkey("ann"), _s.Hotkey("owner"), _s.Hotkey("other"), 100 * Tao))).Require();
        Assert.Equal((200 * Tao, 30 * Tao), await EarnedAsync("owner", "ann"));
        Assert.Equal((100 * Tao, 0L), await EarnedAsync("other", "ann"));

        // Who never staked and has something anyway has earned all of it.
        await _s.RewardAsync("miner", 7 * Tao, 0);
        Assert.Equal((7 * Tao, 7 * Tao), await EarnedAsync("miner", "miner"));
    }

    private async Task<(long Stake, long? Earned)> EarnedAsync(string hotkey, string coldkey)
    {
        var view = (await _s.Stake(hotkey).GetStakeAsync(_s.Coldkey(coldkey))).Require();
        return (view.Stake, view.Earned);
    }

    [Fact]
    public async Task Strangers_strange_amounts_and_strange_names_are_refused()
    {
        await _s.MintAsync("owner", 10 * Tao);
        await _s.MintAsync("ann", 10 * Tao);
        (await _s.AddAsync("owner", "owner", Tao)).Require();
        Assert.Equal("staking.not_delegate", (await _s.AddAsync("owner", "ann", Tao)).Refusal!.Code);
        Assert.Equal("staking.not_owner", (await _s.Stake("owner").SetTermsAsync(_s.Region.NewOperation(), new SetStakeTerms(_s.Coldkey("ann"), true, 0))).Refusal!.Code);
        (await _s.Stake("owner").SetTermsAsync(_s.Region.NewOperation(), new SetStakeTerms(_s.Coldkey("owner"), true, null))).Require();
        Assert.Equal("staking.below_min", (await _s.AddAsync("owner", "ann", 99_999_999)).Refusal!.Code);
        foreach (var amount in (long[])[0, -1, long.MaxValue, long.MinValue])
        {
            Assert.Equal("staking.amount_invalid", (await _s.AddAsync("owner", "ann", amount)).Refusal!.Code);
        }

        Assert.Equal("ledger.insufficient_funds", (await _s.AddAsync("owner", "ann", 1L << 62)).Refusal!.Code);
        Assert.Equal("staking.not_enough_stake", (await _s.RemoveAsync("owner", "ann", 1)).Refusal!.Code);
        Assert.Equal("staking.not_enough_stake", (await _s.RemoveAsync("owner", "owner", (10 * Tao) + 1)).Refusal!.Code);
        Assert.Equal("staking.held", (await _s.RemoveAsync("owner", "owner", Tao)).Refusal!.Code);
        Assert.Equal("staking.hotkey_invalid", (await market.Grains.GetGrain<IStakeGrain>("rao/nobody").GetAsync()).Refusal!.Code);
        Assert.Equal("staking.token_not_allowed", (await market.Grains.GetGrain<IStakeGrain>(StakeKeys.Of("uact", _s.Hotkey("owner"))).AddAsync("x", new AddStake("y", 1))).Refusal!.Code);
        Assert.Equal(10 * Tao, await _s.WalletAsync("ann"));
    }

    [Fact]
    public async Task Takes_rise_to_18_percent_at_most_and_once_in_30_days()
    {
        await _s.DelegateAsync("owner", Tao, 100);
        Task<Contracts.Common.Result<HotkeyView>> Take(int take) => _s.Stake("owner").SetTermsAsync(_s.Region.NewOperation(), new SetStakeTerms(_s.Coldkey("owner"), true, take));
        Assert.Equal("staking.take_too_high", (await Take(11_797)).Refusal!.Code);
        Assert.Equal(200, (await Take(200)).Require().Take);
        Assert.Equal("staking.take_raised_recently", (await Take(201)).Refusal!.Code);
        Assert.Equal(50, (await Take(50)).Require().Take);
        market.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(11_796, (await Take(11_796)).Require().Take);
    }

    [Fact]
    public async Task Akt_leaves_after_21_days_in_a_queue_that_can_be_cancelled()
    {
        await _akt.DelegateAsync("val", 1_000);
        await _akt.MintAsync("ann", 1_000);
        (await _akt.AddAsync("val", "ann", 1_000)).Require();
        var leaving = (await _akt.RemoveAsync("val", "ann", 600)).Require();
        Assert.Equal((400L, 600L), (leaving.Stake, leaving.Exits.Single().Amount));
        Assert.Equal(market.Time.GetUtcNow().AddDays(21), leaving.Exits.Single().FreeAt);
        Assert.Equal(0, await _akt.WalletAsync("ann"));
        var back = (await _akt.Stake("val").CancelUnbondingAsync(_akt.Region.NewOperation(), _akt.Coldkey("ann"), 250)).Require();
        Assert.Equal((650L, 350L), (back.Stake, back.Exits.Single().Amount));
        Assert.Equal("staking.not_unbonding", (await _akt.Stake("val").CancelUnbondingAsync(_akt.Region.NewOperation(), _akt.Coldkey("ann"), 351)).Refusal!.Code);
        for (var i = 0; i < 6; i++)
        {
            market.Time.Advance(TimeSpan.FromSeconds(1));
            (await _akt.RemoveAsync("val", "ann", 10)).Require();
        }

        market.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("staking.too_many_unbondings", (await _akt.RemoveAsync("val", "ann", 10)).Refusal!.Code);
        market.Time.Advance(TimeSpan.FromDays(21) - TimeSpan.FromSeconds(8));
        await market.SweepAsync();
        Assert.Equal(0, await _akt.WalletAsync("ann"));
        market.Time.Advance(TimeSpan.FromSeconds(8));
        await market.SweepAsync();
        await market.SweepAsync();
        Assert.Equal(410, await _akt.WalletAsync("ann"));
        Assert.Equal((0L, 0L), ((await _akt.Stake("val").GetAsync()).Require().Unbonding, await market.PostedAsync("uakt", StakeAccounts.Unbonding(_akt.Hotkey("val")))));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Stake_moves_at_once_and_comes_back_where_it_is_not_taken()
    {
        await _s.DelegateAsync("a", Tao);
        await _s.DelegateAsync("b", Tao);
        await _s.MintAsync("ann", 2 * Tao);
        (await _s.AddAsync("a", "ann", 2 * Tao)).Require();
        var move = new MoveStake(_s.Coldkey("ann"), _s.Hotkey("a"), _s.Hotkey("b"), Tao);
        Assert.Equal("staking.held", (await _s.Staker("ann").MoveAsync(_s.Region.NewOperation(), move)).Refusal!.Code);
        market.Time.Advance(Hold);
        var operation = _s.Region.NewOperation();
        Assert.Equal(Tao, (await _s.Staker("ann").MoveAsync(operation, move)).Require().Stake);
        Assert.Equal(Tao, (await _s.Staker("ann").MoveAsync(operation, move)).Require().Stake);
        Assert.Equal((Tao, Tao), (await _s.StakeOfAsync("a", "ann"), await _s.StakeOfAsync("b", "ann")));
        Assert.Equal("staking.below_min", (await _s.Staker("ann").MoveAsync(_s.Region.NewOperation(), new MoveStake(_s.Coldkey("ann"), _s.Hotkey("a"), _s.Hotkey("c"), 1_000) with { To = await NewDelegateAsync("c") })).Refusal!.Code);
        Assert.Equal("staking.not_delegate", (await _s.Staker("ann").MoveAsync(_s.Region.NewOperation(), move with { To = _s.Hotkey("nobody") })).Refusal!.Code);
        Assert.Equal((Tao, 0L), (await _s.StakeOfAsync("a", "ann"), await market.PostedAsync("rao", StakeAccounts.Transit(_s.Coldkey("ann")))));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_hotkeys_cap_holds_by_its_parameter()
    {
        var network = market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network);
        await _akt.DelegateAsync("val", 900);
        (await network.SetAsync(_akt.Region.NewOperation(), new SetParameter("staking.hotkey_max.uakt", 1_000, null, "op1"))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(6));
        await _akt.MintAsync("ann", 1_000);
        Assert.Equal("staking.hotkey_cap", (await _akt.AddAsync("val", "ann", 101)).Refusal!.Code);
        (await _akt.AddAsync("val", "ann", 100)).Require();
        (await network.SetAsync(_akt.Region.NewOperation(), new SetParameter("staking.hotkey_max.uakt", 0, null, "op1"))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(6));
    }

    /// <summary>Every commit of two hotkeys and of the coldkey that moves between them is lost once, before or after it was written, with a reward in between: everything ends where it belongs.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_stake_moves_once(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 8, 40, async time =>
    {
        var s = new Stakers(market, time.Region, "rao");
        await s.DelegateAsync("a", Tao, 0);
        await s.DelegateAsync("b", Tao, 0);
        await s.MintAsync("ann", 10 * Tao);
        string[] ids = [time.Region.NewOperation(), time.Region.NewOperation(), time.Region.NewOperation()];
        string[] mine = [StakeKeys.Of("rao", s.Hotkey("a")), StakeKeys.Of("rao", s.Hotkey("b")), StakeKeys.Of("rao", s.Coldkey("ann"))];
        await time.DuringAsync(subject => mine.Contains(subject), async () =>
        {
            await MarketRegion.AgainAsync(async () => (await s.AddAsync("a", "ann", 3 * Tao, ids[0])).Require());
            await MarketRegion.AgainAsync(() => s.RewardAsync("a", 0, 4 * Tao));
            market.Time.Advance(Hold);
            await MarketRegion.AgainAsync(async () => (await s.Staker("ann").MoveAsync(ids[1], new MoveStake(s.Coldkey("ann"), s.Hotkey("a"), s.Hotkey("b"), 2 * Tao))).Require());
            market.Time.Advance(Hold);
            await MarketRegion.AgainAsync(async () => (await s.RemoveAsync("b", "ann", 0, ids[2])).Require());
            await market.SweepAsync();
        });
        Assert.Equal((4 * Tao, 0L, 9 * Tao), (await s.StakeOfAsync("a", "ann"), await s.StakeOfAsync("b", "ann"), await s.WalletAsync("ann")));
        Assert.Equal(2 * Tao, await s.StakeOfAsync("a", "a"));
        Assert.Equal(0, await market.PostedAsync("rao", StakeAccounts.Transit(s.Coldkey("ann"))));
    });

    private async Task<string> NewDelegateAsync(string name)
    {
        await _s.DelegateAsync(name, Tao);
        return _s.Hotkey(name);
    }
}
