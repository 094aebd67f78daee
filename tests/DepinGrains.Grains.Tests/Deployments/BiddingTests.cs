using DepinGrains.Contracts.Deployments;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>From an order to its winner: managed bids, bids that providers make themselves, and why nobody bid.</summary>
public sealed class BiddingTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task Of_two_managed_bids_the_lowest_wins_and_the_other_gets_deposit_and_booking_back()
    {
        var cheap = await _r.AddProviderAsync("cheap", "1.60");
        var dear = await _r.AddProviderAsync("dear", "3.20");
        await _r.DeployAsync();
        await _r.Deployment.TickAsync();
        var bids = (await _r.GroupAsync()).Order.Bids;
        if (bids.Length > 0 && (await _r.GroupAsync()).Order.LeaseId is null)
        {
            Assert.Equal([cheap, dear], bids.Select(b => b.Provider));
            Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(dear));
        }

        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.Equal(OrderStatus.Active, order.Status);
        Assert.Equal([(cheap, BidStatus.Active), (dear, BidStatus.Lost)], order.Bids.Select(b => (b.Provider, b.Status)));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(dear));
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(cheap));
        Assert.Empty((await _r.Node("dear").GetAsync()).Require().Reservations);
        Assert.Equal(order.LeaseId, Assert.Single((await _r.Node("cheap").GetAsync()).Require().Reservations).Lease);
        Assert.Single((await _r.LeaseAsync()).Workloads);
    }

    /// <summary>The price of an order, as its speed hangs on it: it must not grow unseen.</summary>
    [Fact]
    public async Task An_order_costs_eight_change_sets_however_many_bid()
    {
        foreach (var (who, price) in ((string, string)[])[("a", "1.60"), ("b", "2.40"), ("c", "3.20")])
        {
            await _r.AddProviderAsync(who, price);
        }

        var nodes = ((string[])["a", "b", "c"]).Select(n => _r.Node(n).GetPrimaryKeyString()).ToHashSet(StringComparer.Ordinal);
        var commits = new System.Collections.Concurrent.ConcurrentQueue<string>();
        market.Store.Fault = point =>
        {
            if (point.Call == StoreCall.Append || (point.Call == StoreCall.Commit && (nodes.Contains(point.Subject) || point.Subject.StartsWith(_r.Tenant, StringComparison.Ordinal))))
            {
                commits.Enqueue($"{point.Call} {point.Subject}");
            }

            return StoreFault.None;
        };
        try
        {
            await _r.DeployAsync();
            await _r.Deployment.TickAsync();
        }
        finally
        {
            market.Store.Fault = null;
        }

        Assert.NotNull((await _r.GroupAsync()).Order.LeaseId);
        Assert.Single((await _r.LeaseAsync()).Workloads);
        var rows = commits.Where(static c => c.StartsWith("Commit", StringComparison.Ordinal)).GroupBy(static c => c, static (c, all) => $"{c} x {all.Count()}").ToArray();
        // The deployment's three: its intent with its bids', open with bids and award, the award's end. Its escrow's two share its key: credit, payment. The winner's node: confirmed, workloads. The lease.
        Assert.Equal([$"Commit {_r.Key} x 5", $"Commit {_r.Key}/1/1/{_r.Provider("a")} x 1", $"Commit {_r.NodeId("a")} x 2"], rows.Order(StringComparer.Ordinal));
        // Minted, deposited, held, released.
        Assert.InRange(commits.Count(static c => c == "Append uact"), 4, 4);
    }

    [Fact]
    public async Task More_than_bid_are_told_that_others_are_cheaper_and_the_bar()
    {
        for (var i = 0; i < 6; i++)
        {
            await _r.AddProviderAsync($"p{i:D2}", $"1.{i:D2}");
        }

        await _r.DeployAsync();
        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.Equal(_r.Provider("p00"), Assert.Single(order.Bids, static b => b.Status == BidStatus.Active).Provider);
        Assert.Equal(4, order.Bids.Length);
        var report = (await _r.Deployment.WhyAsync(1, 1)).Require();
        var outpriced = report.Verdicts.Where(static v => v.Rule == "market.outpriced").ToArray();
        Assert.Equal([_r.Provider("p04"), _r.Provider("p05")], outpriced.Select(static v => v.Provider));
        Assert.All(outpriced, v => Assert.Equal($"at most {order.Bids[^1].Price}", v.Wanted));
        Assert.Equal("2", Assert.Single(report.Counts, static c => c.Name == "market.outpriced").Value);
    }

    [Fact]
    public async Task Without_bids_the_screening_names_the_rule_for_every_provider()
    {
        var busy = await _r.AddProviderAsync("busy", "1.60");
        (await _r.Node("busy").ReserveAsync("other", Samples.Demand(Samples.Slot(cpu: 7_500)), market.Time.GetUtcNow().AddMinutes(2))).Require();
        var dear = await _r.AddProviderAsync("dear", "900000");
        var off = await _r.AddProviderAsync("off", "1.60", online: false);
        var poor = await _r.AddProviderAsync("poor", "1.60", purse: 0);
        await _r.DeployAsync();
        var view = await _r.AuctionAsync();
        Assert.Null(view.Groups[0].Order.LeaseId);
        Assert.Equal(OrderStatus.Open, view.Groups[0].Order.Status);

        var report = (await _r.Deployment.WhyAsync(1, 1)).Require();
        string RuleOf(string provider) => report.Verdicts.First(v => v.Provider == provider).Rule;
        Assert.Equal("market.price_above_ceiling", RuleOf(dear));
        Assert.Equal("provider.no_nodes", RuleOf(off));
        Assert.StartsWith("ledger.", RuleOf(poor), StringComparison.Ordinal);
        Assert.Contains(report.Verdicts, v => v.Provider == busy && v.Node is not null && v.Rule.Contains("cpu", StringComparison.Ordinal));
        Assert.Empty((await _r.Node("poor").GetAsync()).Require().Reservations);
    }

    [Fact]
    public async Task A_provider_that_could_not_pay_its_deposit_bids_once_it_can()
    {
        var poor = await _r.AddProviderAsync("poor", "1.60", purse: 0);
        await _r.DeployAsync();
        Assert.Empty((await _r.AuctionAsync()).Groups[0].Order.Bids);
        await _r.MintAsync(poor, MarketRegion.Purse);
        var view = await _r.PassAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(poor, Assert.Single(view.Groups[0].Order.Bids).Provider);
        Assert.NotNull(view.Groups[0].Order.LeaseId);
    }

    [Fact]
    public async Task With_pick_nobody_wins_until_the_tenant_takes_a_bid()
    {
        var a = await _r.AddProviderAsync("a", "1.60");
        var b = await _r.AddProviderAsync("b", "3.20");
        await _r.DeployAsync(winner: WinnerRule.Pick);
        Assert.Null((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        Assert.Equal("deployment.not_owner", (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), "id_other", 1, 1, b)).Refusal!.Code);
        var taken = (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, b)).Require();
        Assert.EndsWith(b, taken.Groups[0].Order.LeaseId, StringComparison.Ordinal);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(a));
        Assert.Equal(taken.Groups[0].Order.LeaseId, (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, b)).Require().Groups[0].Order.LeaseId);
        Assert.Equal("order.not_open", (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, a)).Refusal!.Code);
    }

    [Theory]
    [InlineData("1000.000001", "uact", 500_000, "bid.price_above_ceiling")]
    [InlineData("0", "uact", 500_000, "bid.price_invalid")]
    [InlineData("-1", "uact", 500_000, "bid.price_invalid")]
    [InlineData("x", "uact", 500_000, "bid.price_invalid")]
    [InlineData("900", "uact", 499_999, "bid.deposit_too_small")]
    [InlineData("900", "uakt", 500_000, "bid.deposit_denom")]
    public async Task A_bid_that_breaks_a_rule_is_refused_and_costs_nothing(string price, string denom, long deposit, string code)
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        var refused = await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, price, denom, deposit));
        Assert.Equal(code, refused.Refusal!.Code);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(p));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);
    }

    [Fact]
    public async Task An_order_takes_exactly_its_cap_of_bids_and_a_closed_bid_frees_its_place()
    {
        string[] bidders = ["a", "b", "c", "d", "e"];
        foreach (var who in bidders)
        {
            await _r.AddProviderAsync(who, null);
        }

        await _r.DeployAsync();

        foreach (var who in bidders[..4])
        {
            (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(_r.Provider(who)))).Require();
        }

        var last = _r.Provider("e");
        Assert.Equal("bid.order_full", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(last))).Refusal!.Code);
        (await _r.Deployment.CloseBidAsync(_r.NewOperation(), _r.Provider("a"), 1, 1, 10_002, onlyOpen: true)).Require();
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(_r.Provider("a")));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(last))).Require();
    }

    [Fact]
    public async Task A_provider_bids_again_after_it_closed_its_bid_but_not_before()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "900"))).Require();
        Assert.Equal("bid.exists", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "800"))).Refusal!.Code);
        var close = _r.NewOperation();
        (await _r.Deployment.CloseBidAsync(close, p, 1, 1, 10_002)).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "800"))).Require();

        // The close sent again does not close the second bid.
        (await _r.Deployment.CloseBidAsync(close, p, 1, 1, 10_002)).Require();
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(p));
        var lease = (await _r.AuctionAsync()).Groups[0].Order.LeaseId;
        Assert.NotNull(lease);
        Assert.Equal("800", (await _r.LeaseAsync(lease)).Terms.Rate);
    }

    [Fact]
    public async Task Who_is_unknown_or_not_in_the_region_can_not_bid()
    {
        await _r.DeployAsync();
        Assert.Equal("provider.not_found", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid("id_nobody"))).Refusal!.Code);
        var elsewhere = market.NewRegion();
        var foreign = await elsewhere.AddProviderAsync("x", null);
        var refused = (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(foreign))).Refusal!;
        Assert.Contains("attribute", refused.Code, StringComparison.Ordinal);
        Assert.Equal(MarketRegion.Purse, await elsewhere.WalletAsync(foreign));
    }

    [Fact]
    public async Task The_same_bid_twice_is_one_bid_and_another_body_under_its_key_is_refused()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        var operation = _r.NewOperation();
        var first = (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p))).Require();
        Assert.Equal(first.Id, (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p))).Require().Id);
        Assert.Equal("request.id_reused", (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p, "800"))).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(p));
        Assert.Single((await _r.GroupAsync()).Order.Bids);
    }

    [Fact]
    public async Task When_the_winners_node_refuses_the_next_bid_has_its_turn()
    {
        var gone = await _r.AddProviderAsync("gone", null);
        var next = await _r.AddProviderAsync("next", null);
        await _r.DeployAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(gone, "500"))).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(next, "700"))).Require();
        var node = _r.Node("gone");
        var session = (await node.ConnectAsync("again", Samples.Hardware())).Require().Session;
        (await node.MarkOfflineAsync(session, market.Time.GetUtcNow())).Require();

        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.EndsWith(next, order.LeaseId, StringComparison.Ordinal);
        Assert.Equal([BidStatus.Closed, BidStatus.Active], order.Bids.Select(b => b.Status));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(gone));
        Assert.Empty((await node.GetAsync()).Require().Reservations);
    }

    [Fact]
    public async Task An_escrow_that_cannot_pay_one_block_leaves_the_group_without_funds_and_gives_all_bids_back()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(_r.Sdl("900000"), deposit: 500_000);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "800000"))).Require();
        var group = (await _r.AuctionAsync()).Groups[0];
        Assert.Equal((GroupStatus.InsufficientFunds, OrderStatus.Closed), (group.Status, group.Order.Status));
        Assert.Equal("escrow.insufficient_funds", group.Order.Problem!.Code);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(p));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);

        // With money the group can be started again.
        (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 5_000_000)).Require();
        (await _r.Deployment.ChangeGroupAsync(_r.NewOperation(), _r.Tenant, 1, GroupAction.Start)).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "800000", oseq: 2))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
    }
}
