using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Opening subnets: locks, the limit, who makes room; and how the root shares out emission.</summary>
public sealed class RegistryTests
{
    private const long Tao = SubnetField.Tao;

    [Fact]
    public async Task At_the_limit_the_weakest_makes_room_and_its_owner_gets_the_lock_back()
    {
        var market = await EpochTests.NewAsync(static o => (o.Limit, o.MinLock, o.Immunity, o.LockInterval) = (2, 10 * Tao, 1_000, 100));
        await using var _ = market;
        var registry = market.Grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);
        var (first, second, third) = (SubnetField.IdentityOf("1"), SubnetField.IdentityOf("2"), SubnetField.IdentityOf("3"));
        Assert.Equal("ledger.insufficient_funds", (await registry.CreateAsync("poor", new CreateSubnet(first, "poor", SubnetTask.Text))).Refusal!.Code);
        foreach (var owner in (string[])[first, second, third])
        {
            (await market.LedgerOf(EmissionKeys.Tao).ExecuteAsync(Ops.Mint("mint/" + owner, LedgerAccounts.Wallet(owner), 100 * Tao))).Require();
        }

        var one = (await registry.CreateAsync("a", new CreateSubnet(first, "one", SubnetTask.Text))).Require();
        Assert.Equal(1, one.Netuid); // who cannot pay uses no number up
        Assert.Equal(one, (await registry.CreateAsync("a", new CreateSubnet(first, "one", SubnetTask.Text))).Require());
        Assert.Equal(20 * Tao, (await registry.GetLockCostAsync()).Lock);
        var moved = (await registry.CreateAsync("b", new CreateSubnet(second, "two", SubnetTask.Text, 15 * Tao))).Refusal!;
        Assert.Equal(("subnet.lock_moved", "lock moved from 15 to 20 TAO while you waited: pass --max-lock"), (moved.Code, moved.Detail));
        (await registry.CreateAsync("c", new CreateSubnet(second, "two", SubnetTask.Text))).Require();
        Assert.Equal("subnet.all_immune", (await registry.CreateAsync("d", new CreateSubnet(third, "three", SubnetTask.Text))).Refusal!.Code);
        Assert.Equal("subnet.name_invalid", (await registry.CreateAsync("e", new CreateSubnet(third, " ", SubnetTask.Text))).Refusal!.Code);
        market.Time.Advance(TimeSpan.FromSeconds(12 * 1_000));
        var three = (await registry.CreateAsync("f", new CreateSubnet(third, "three", SubnetTask.Text))).Require();
        Assert.Equal([one.Netuid + 1, three.Netuid], (await registry.ListAsync()).Select(static s => s.Netuid).Order());
        // Its lock, and its cut of the epochs that were due.
        var ended = (await market.Grains.GetGrain<ISubnetGrain>(one.Netuid).GetAsync()).Require();
        Assert.Equal(3, ended.Epoch);
        Assert.Equal((100 * Tao) + ended.Emitted, await market.PostedAsync(EmissionKeys.Tao, LedgerAccounts.Wallet(first)));
        Assert.Equal("subnet.dissolved", (await market.Grains.GetGrain<ISubnetGrain>(one.Netuid).QuoteAsync()).Refusal!.Code);
        Assert.Equal(0, await market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(one.Netuid)));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_subnet_that_makes_room_decides_the_epoch_it_had_drawn_and_leaves_nothing_in_its_account()
    {
        var market = await EpochTests.NewAsync(static o => (o.Limit, o.MinLock, o.Immunity, o.CreateRateLimit) = (1, 0, 0, 0));
        await using var _ = market;
        var old = await SubnetField.OpenAsync(market, "old");
        old.Blocks((await old.ViewAsync()).NextEpochBlock!.Value - old.Block);
        market.Store.Fault = static point => point is { Call: StoreCall.Commit, Subject: "1" } ? StoreFault.FailBefore : StoreFault.None;
        await Assert.ThrowsAnyAsync<Exception>(() => old.Grain.TickAsync());
        market.Store.Fault = null;
        Assert.NotEqual(0, await market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(1)));

        Assert.Equal(2, (await SubnetField.OpenAsync(market, "new")).Netuid);
        Assert.Equal((SubnetStatus.Dissolved, 1L), ((await old.ViewAsync()).Status, (await old.ViewAsync()).Epoch));
        Assert.Equal(0, await market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(1)));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Epochs_that_are_due_run_before_a_subnet_makes_room_however_many()
    {
        var market = await EpochTests.NewAsync(static o => (o.Limit, o.MinLock, o.Immunity, o.CreateRateLimit, o.EpochsPerCall) = (1, 0, 0, 0, 1));
        await using var _ = market;
        var old = await SubnetField.OpenAsync(market, "old");
        old.Blocks((361 * 25) + 360);
        var registry = market.Grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);
        var open = new CreateSubnet(SubnetField.IdentityOf("new"), "new", SubnetTask.Text);
        Assert.Equal("subnet.catching_up", (await registry.CreateAsync("new", open)).Refusal!.Code);
        Assert.Equal(2, (await registry.CreateAsync("new", open)).Require().Netuid);
        Assert.InRange((await old.ViewAsync()).Epoch, 25, 26);
        await market.AssertBooksCleanAsync();
    }

    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_a_subnet_is_opened_and_locked_once(StoreFault fault)
    {
        for (var lost = 1; ; lost++)
        {
            var market = await EpochTests.NewAsync(static o => o.MinLock = 10 * Tao);
            await using var _ = market;
            var owner = SubnetField.IdentityOf("owner");
            (await market.LedgerOf(EmissionKeys.Tao).ExecuteAsync(Ops.Mint("mint", LedgerAccounts.Wallet(owner), 100 * Tao))).Require();
            var registry = market.Grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);
            var (seen, number) = (0, lost);
            market.Store.Fault = point => point.Call is StoreCall.Commit or StoreCall.Append && Interlocked.Increment(ref seen) == number ? fault : StoreFault.None;
            await MarketRegion.AgainAsync(async () => (await registry.CreateAsync("o", new CreateSubnet(owner, "one", SubnetTask.Text))).Require());
            market.Store.Fault = null;
            Assert.Single(await registry.ListAsync());
            Assert.Equal(90 * Tao, await market.PostedAsync(EmissionKeys.Tao, LedgerAccounts.Wallet(owner)));
            if (seen < lost)
            {
                Assert.InRange(lost, 4, 14);
                break;
            }
        }
    }

    [Fact]
    public async Task The_root_shares_emission_by_stake_and_weights_and_a_weaker_newcomer_does_not_get_in()
    {
        var market = await EpochTests.NewAsync(static o => o.RootMembers = 2);
        await using var _ = market;
        var (one, two) = (await SubnetField.OpenAsync(market, "one"), await SubnetField.OpenAsync(market, "two"));
        var root = market.Grains.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry);
        one.Blocks(100);
        await root.TickAsync();
        Assert.Equal(("equal", 500_000L), ((await root.GetAsync()).Strategy, (await root.GetAsync()).Shares[0].Millionths));
        foreach (var (who, stake) in ((string, long)[])[("a", 700), ("b", 300), ("c", 299)])
        {
            await one.AddStakeAsync(who, stake * Tao);
        }

        (await root.RegisterAsync("ra", one.Coldkey("a"), one.Hotkey("a"))).Require();
        (await root.RegisterAsync("rb", one.Coldkey("b"), one.Hotkey("b"))).Require();
        Assert.Equal("root.stake_too_low", (await root.RegisterAsync("rc", one.Coldkey("c"), one.Hotkey("c"))).Refusal!.Code);
        Assert.Equal("root.not_owner", (await root.RegisterAsync("rd", one.Coldkey("c"), one.Hotkey("a"))).Refusal!.Code);
        Assert.Equal("root.not_member", (await root.SetWeightsAsync("w0", new SetRootWeights(one.Coldkey("c"), one.Hotkey("c"), [1], [1]))).Refusal!.Code);
        Assert.Equal("root.weights_invalid", (await root.SetWeightsAsync("w1", new SetRootWeights(one.Coldkey("a"), one.Hotkey("a"), [1, 1], [1, 1]))).Refusal!.Code);
        (await root.SetWeightsAsync("wa", new SetRootWeights(one.Coldkey("a"), one.Hotkey("a"), [one.Netuid], [1]))).Require();
        (await root.SetWeightsAsync("wb", new SetRootWeights(one.Coldkey("b"), one.Hotkey("b"), [two.Netuid], [1]))).Require();
        one.Blocks(100);
        await root.TickAsync();
        var view = await root.GetAsync();

        // The sigmoid favours what most of the stake trusts: more than 70 % for the one, less than 30 % for the other.
        Assert.Equal("root_weights", view.Strategy);
        Assert.InRange(view.Shares.Single(s => s.Netuid == one.Netuid).Millionths, 900_000, 1_000_000);
        Assert.InRange(view.Shares.Single(s => s.Netuid == two.Netuid).Millionths, 1_000, 100_000);
        var emission = (await market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).GetAsync()).Require();
        Assert.Equal("root_weights", emission.Strategy);
    }

    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_and_however_stakes_move_meanwhile_root_and_emission_agree(StoreFault fault)
    {
        for (var lost = 1; ; lost++)
        {
            var market = await EpochTests.NewAsync(static o => o.RootMembers = 2);
            await using var _ = market;
            var (one, two) = (await SubnetField.OpenAsync(market, "one"), await SubnetField.OpenAsync(market, "two"));
            var root = market.Grains.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry);
            foreach (var (who, stake, netuid) in ((string, long, int)[])[("a", 700, one.Netuid), ("b", 300, two.Netuid)])
            {
                await one.AddStakeAsync(who, stake * Tao);
                (await root.RegisterAsync("r" + who, one.Coldkey(who), one.Hotkey(who))).Require();
                (await root.SetWeightsAsync("w" + who, new SetRootWeights(one.Coldkey(who), one.Hotkey(who), [netuid], [1]))).Require();
            }

            one.Blocks(100);
            var (seen, number) = (0, lost);
            market.Store.Fault = point => point.Call is StoreCall.Commit or StoreCall.Append && Interlocked.Increment(ref seen) == number ? fault : StoreFault.None;
            await Record.ExceptionAsync(root.TickAsync);
            market.Store.Fault = null;
            await one.AddStakeAsync("b", 10_000 * Tao);
            await MarketRegion.AgainAsync(root.TickAsync);
            await AgreeAsync(market, root);
            one.Blocks(100);
            await root.TickAsync();
            await AgreeAsync(market, root);
            if (seen < lost)
            {
                Assert.InRange(lost, 3, 10);
                break;
            }
        }
    }

    private static async Task AgreeAsync(Market market, IRootNetworkGrain root)
    {
        var emission = (await market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).GetAsync()).Require();
        var shares = (await root.GetAsync()).Shares.ToDictionary(static s => s.Netuid, static s => s.Millionths);
        Assert.NotEmpty(shares);
        Assert.All(emission.Subnets, s => Assert.InRange((s.PerBlock * 1_000_000 / emission.PerBlock) - shares.GetValueOrDefault(s.Netuid), -1, 1));
    }

    [Fact]
    public async Task Posted_prices_share_emission_by_their_moving_average()
    {
        var market = await EpochTests.NewAsync(static o => (o.Shares, o.PriceAlpha) = (DepinGrains.Grains.Subnets.ShareStrategy.PriceEma, 500_000));
        await using var _ = market;
        var (one, two) = (await SubnetField.OpenAsync(market, "one"), await SubnetField.OpenAsync(market, "two"));
        var root = market.Grains.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry);
        (await root.PostPriceAsync("a", one.Netuid, 3L << 30)).Require();
        (await root.PostPriceAsync("b", two.Netuid, 1L << 30)).Require();
        Assert.Equal("subnet.not_found", (await root.PostPriceAsync("c", 99, 1)).Refusal!.Code);
        one.Blocks(100);
        await root.TickAsync();
        Assert.Equal([750_000L, 250_000L], (await root.GetAsync()).Shares.Select(static s => s.Millionths));
    }
}
