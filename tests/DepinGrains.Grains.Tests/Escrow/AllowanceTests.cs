using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Escrow;

/// <summary>Other people's money: drawn within its limit, given back exactly, once whatever is lost. And standing orders that use one's own.</summary>
public sealed class AllowanceTests(Market market) : IClassFixture<Market>
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(6);

    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task Deploying_on_allowances_draws_the_oldest_first_and_closing_restores_them()
    {
        var (a, b) = (await GrantAsync(_r, "a", 600_000), await GrantAsync(_r, "b", 900_000));
        await _r.MintAsync(_r.Tenant, 200_000);
        var create = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest, DepositFrom.BalanceThenGrants);
        (await _r.Deployment.CreateAsync(create)).Require();
        Assert.Equal((0L, 0L, 700_000L), (await _r.WalletAsync(_r.Tenant), await LeftAsync(a), await LeftAsync(b)));
        var deposits = (await _r.Escrow.GetAsync()).Require().Deposits;
        Assert.Equal([null, a, b], deposits.Select(static d => d.GrantId));
        Assert.Equal("escrow.deposit_unfunded", (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 700_001, DepositFrom.GrantsThenBalance)).Refusal!.Code);
        (await market.Grains.GetGrain<IAllowanceGrain>(b).RevokeAsync(_r.NewOperation(), _r.Provider("b"))).Require();
        Assert.Equal("escrow.deposit_unfunded", (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 1, DepositFrom.Grants)).Refusal!.Code);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal((200_000L, 600_000L, 900_000L), (await _r.WalletAsync(_r.Tenant), await LeftAsync(a), await LeftAsync(b)));
        Assert.Equal(1_000_000, await _r.WalletAsync(_r.Provider("a")));
        Assert.Equal(1_000_000, await _r.WalletAsync(_r.Provider("b")));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task An_allowance_refuses_strangers_more_than_is_left_and_what_is_past()
    {
        var id = await GrantAsync(_r, "a", 100);
        var grain = market.Grains.GetGrain<IAllowanceGrain>(id);
        Assert.Equal("allowance.not_allowed", (await grain.DrawAsync("1", "id_other", "uact", 1)).Refusal!.Code);
        Assert.Equal("allowance.exceeded", (await grain.DrawAsync("2", _r.Tenant, "uact", 101)).Refusal!.Code);
        (await grain.DrawAsync("3", _r.Tenant, "uact", 60)).Require();
        (await grain.DrawAsync("3", _r.Tenant, "uact", 60)).Require();
        Assert.Equal(40, await LeftAsync(id));
        Assert.Equal("allowance.not_owner", (await grain.RevokeAsync(_r.NewOperation(), "id_other")).Refusal!.Code);
        var brief = market.Grains.GetGrain<IAllowanceGrain>(_r.Provider("b") + "/x");
        (await brief.GrantAsync(new GrantAllowance("x", _r.Provider("b"), _r.Tenant, "uact", 5, market.Time.GetUtcNow().AddSeconds(10)))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("allowance.expired", (await brief.DrawAsync("4", _r.Tenant, "uact", 1)).Refusal!.Code);
    }

    /// <summary>Every commit of the escrow, the allowances and the credit accounts is lost once.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_a_deposit_on_allowances_is_made_once(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 7, 23, async time =>
    {
        var region = time.Region;
        var (a, b) = (await GrantAsync(region, "a", 600_000), await GrantAsync(region, "b", 400_000));
        await time.DuringAsync(subject => subject.Contains($"_{region.Name}/", StringComparison.Ordinal), async () =>
        {
            var open = region.NewOperation();
            await MarketRegion.AgainAsync(async () => (await region.Escrow.OpenAsync(open, region.Tenant, "uact", 1_000_000, DepositFrom.Grants)).Require());
            Assert.Equal((0L, 0L), (await LeftAsync(a), await LeftAsync(b)));
            await MarketRegion.AgainAsync(async () => (await region.Escrow.CloseAsync()).Require());
            await MarketRegion.AgainAsync(async () => (await region.Escrow.SettleAsync()).Require());
        });
        await NothingDrawnAsync(region, (a, 600_000), (b, 400_000));
        Assert.Equal((1_000_000L, 1_000_000L), (await region.WalletAsync(region.Provider("a")), await region.WalletAsync(region.Provider("b"))));
    });

    /// <summary>The second granter spends its money between the plan and the move: what the first one gave goes back, whatever commit is lost on the way.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_a_deposit_refused_half_way_is_undone_whole(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 5, 23, async time =>
    {
        var region = time.Region;
        var (a, b) = (await GrantAsync(region, "a", 600_000), await GrantAsync(region, "b", 400_000));
        void Drain()
        {
            var transfer = new Transfer("drain/" + region.Tenant, TransferKind.Post, [new Leg(LedgerAccounts.Wallet(region.Provider("b")), -700_000), new Leg(LedgerAccounts.Wallet("id_elsewhere"), 700_000)]);
            Task.Run(() => market.Ledger.ExecuteAsync(transfer)).GetAwaiter().GetResult().Require();
        }

        await time.DuringAsync(
            subject => subject.Contains($"_{region.Name}/", StringComparison.Ordinal),
            async () =>
            {
                var open = region.NewOperation();
                var answer = await MarketRegion.AgainAsync(() => region.Escrow.OpenAsync(open, region.Tenant, "uact", 1_000_000, DepositFrom.Grants));
                Assert.Contains(answer.Refusal!.Code, (string[])["ledger.insufficient_funds", "escrow.deposit_unfunded"]);
            },
            Drain);
        await NothingDrawnAsync(region, (a, 600_000), (b, 400_000));
        Assert.Equal((1_000_000L, 300_000L), (await region.WalletAsync(region.Provider("a")), await region.WalletAsync(region.Provider("b"))));
    });

    /// <summary>
    /// Every commit of the deployment and its escrow is lost once while a standing order deposits twice. What each deposit is worth depends on the block it comes in; that each is taken once,
    /// counted once and in the escrow once does not.
    /// </summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_a_standing_order_deposits_once_each_time(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 6, 40, async time =>
    {
        var region = time.Region;
        await region.LeasedAsync(deposit: 500_000);
        await time.DuringAsync(subject => subject.StartsWith(region.Key, StringComparison.Ordinal), async () =>
        {
            var set = region.NewOperation();
            var rule = new AutoTopUp(100, 300, 1, 250_000, 86_400, DepositFrom.Balance);
            await MarketRegion.AgainAsync(async () => (await region.Deployment.SetAutoTopUpAsync(set, region.Tenant, rule)).Require());
            await TickUntilAsync(region, 410, 1);
            await TickUntilAsync(region, 220, 2);
        });

        // A sweep that comes again finds nothing more to do.
        await region.Deployment.TickAsync();
        var order = (await region.Deployment.GetAutoTopUpAsync()).Require();
        Assert.Equal((2, 250_000L, null), (order.Count, order.SpentInPeriod, order.Problem));
        Assert.Equal(MarketRegion.Purse - 750_000, await region.WalletAsync(region.Tenant));
        var escrow = (await region.Escrow.GetAsync()).Require();
        Assert.Equal(750_000, escrow.Funds + escrow.CostSoFar);
        (await region.Deployment.CloseAsync(region.NewOperation(), region.Tenant)).Require();
        var earned = await region.WalletAsync(region.Provider("p")) - MarketRegion.Purse;
        Assert.Equal(MarketRegion.Purse - await region.WalletAsync(region.Tenant), earned * 10 / 8);
        Assert.Equal(0, await market.PostedAsync("uact", LedgerAccounts.Escrow(region.Key)));
    });

    [Fact]
    public async Task A_standing_order_keeps_a_lease_running_within_its_cap()
    {
        var rule = new AutoTopUp(100, 300, 1, 250_000, 86_400, DepositFrom.Balance);
        await _r.LeasedAsync(deposit: 500_000);
        Assert.Equal("deployment.top_up_invalid", (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), _r.Tenant, rule with { ToBlocks = 100 })).Refusal!.Code);
        Assert.Equal("deployment.not_owner", (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), "id_x", rule)).Refusal!.Code);
        (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), _r.Tenant, rule)).Require();
        await _r.PassAsync(399 * Block);
        Assert.Equal(0, (await _r.Deployment.GetAutoTopUpAsync()).Require().Count);

        // The sweep comes by for the deadline: below 100 blocks it deposits up to 300, at most 250,000.
        market.Time.Advance(10 * Block);
        await market.SweepAsync();
        var first = (await _r.Deployment.GetAutoTopUpAsync()).Require();
        Assert.Equal(1, first.Count);
        Assert.InRange(first.SpentInPeriod, 195_000, 250_000);
        market.Time.Advance(220 * Block);
        await market.SweepAsync();
        var second = (await _r.Deployment.GetAutoTopUpAsync()).Require();
        Assert.Equal((2, 250_000L), (second.Count, second.SpentInPeriod));
        Assert.Equal(750_000 + 0L, MarketRegion.Purse - await _r.WalletAsync(_r.Tenant));

        // The cap is spent: it runs dry and pauses, and the next period brings it back.
        await _r.PassAsync(300 * Block);
        Assert.Equal(EscrowStatus.Paused, (await _r.Escrow.GetAsync()).Require().Status);
        Assert.Equal(2, (await _r.Deployment.GetAutoTopUpAsync()).Require().Count);
    }

    [Fact]
    public async Task A_new_standing_order_does_not_drop_the_deposit_that_is_under_way()
    {
        var rule = new AutoTopUp(100, 300, 1, 250_000, 86_400, DepositFrom.Balance);
        await _r.LeasedAsync(deposit: 500_000);
        (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), _r.Tenant, rule)).Require();
        var set = _r.NewOperation();
        market.Store.Fault = static point => point.Call == StoreCall.Append ? StoreFault.Unavailable : StoreFault.None;
        try
        {
            await _r.PassAsync(410 * Block);
            var refused = (await _r.Deployment.SetAutoTopUpAsync(set, _r.Tenant, rule with { ToBlocks = 400 })).Refusal!;
            Assert.Equal("deployment.top_up_in_flight", refused.Code);
        }
        finally
        {
            market.Store.Fault = null;
        }

        await _r.PassAsync(Block);
        var first = (await _r.Deployment.GetAutoTopUpAsync()).Require();
        Assert.Equal((1, MarketRegion.Purse - 500_000 - first.SpentInPeriod), (first.Count, await _r.WalletAsync(_r.Tenant)));
        Assert.InRange(first.SpentInPeriod, 190_000, 250_000);
        Assert.Equal(400, (await _r.Deployment.SetAutoTopUpAsync(set, _r.Tenant, rule with { ToBlocks = 400 })).Require().Rule!.ToBlocks);
    }

    [Fact]
    public async Task A_standing_order_without_money_says_so_and_tries_again()
    {
        var provider = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(deposit: 500_000, purse: 500_000);
        await _r.Deployment.TickAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(provider, "1000"))).Require();
        await _r.AuctionAsync();
        (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), _r.Tenant, new AutoTopUp(100, 300, 1, 900_000, 86_400, DepositFrom.Balance))).Require();
        await _r.PassAsync(420 * Block);
        Assert.Equal("ledger.insufficient_funds", (await _r.Deployment.GetAutoTopUpAsync()).Require().Problem!.Code);
        await _r.MintAsync(_r.Tenant, 1_000_000);
        await _r.PassAsync(TimeSpan.FromMinutes(1));
        var after = (await _r.Deployment.GetAutoTopUpAsync()).Require();
        Assert.Equal((2, null), (after.Count, after.Problem));
        Assert.Equal(EscrowStatus.Open, (await _r.Escrow.GetAsync()).Require().Status);
    }

    /// <summary>Time passes; the deployment is ticked, as a sweep does, until its standing order has deposited that often.</summary>
    private async Task TickUntilAsync(MarketRegion region, int blocks, int count)
    {
        market.Time.Advance(blocks * Block);
        for (var i = 0; i < 6 && (await MarketRegion.AgainAsync(async () => (await region.Deployment.GetAutoTopUpAsync()).Require())).Count < count; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());

            // What met a loss rests before it is tried again.
            market.Time.Advance(Block);
        }

        // It counts from its intent; where the escrow lost its state the deposit itself is still to come.
        await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
    }

    private async Task NothingDrawnAsync(MarketRegion region, params (string Id, long Limit)[] grants)
    {
        foreach (var (id, limit) in grants)
        {
            Assert.Equal(limit, await LeftAsync(id));
        }

        Assert.Equal(0, await market.PostedAsync("uact", LedgerAccounts.Escrow(region.Key)));
    }

    private async Task<string> GrantAsync(MarketRegion region, string who, long limit)
    {
        var granter = region.Provider(who);
        await region.MintAsync(granter, 1_000_000);
        market.Time.Advance(TimeSpan.FromMilliseconds(10));
        return (await market.Grains.GetGrain<IAllowanceGrain>(granter + "/1").GrantAsync(new GrantAllowance(who, granter, region.Tenant, "uact", limit, null))).Require().Id;
    }

    private async Task<long> LeftAsync(string id) => (await market.Grains.GetGrain<IAllowanceGrain>(id).GetAsync()).Require().Left;
}
