using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Bids that are decided at once: their nodes keep their reservations in memory alone, and whatever is forgotten or cut short in between, each order ends as if they had been written.</summary>
public sealed class PassingBidTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_node_that_forgets_its_reservation_before_the_award_is_booked_again()
    {
        var cheap = await _r.AddProviderAsync("cheap", "1.60");
        await _r.AddProviderAsync("dear", "3.20");
        await ForgetAsync("cheap");
        var order = (await _r.PassAsync(TimeSpan.FromSeconds(5))).Groups[0].Order;
        Assert.EndsWith(cheap, order.LeaseId, StringComparison.Ordinal);
        Assert.Equal(order.LeaseId, Assert.Single((await ReservationsAsync("cheap"))).Lease);
        Assert.Empty(await ReservationsAsync("dear"));
    }

    [Fact]
    public async Task When_the_room_of_a_forgotten_reservation_is_sold_meanwhile_the_next_bid_has_its_turn()
    {
        var cheap = await _r.AddProviderAsync("cheap", "1.60");
        var dear = await _r.AddProviderAsync("dear", "3.20");
        await ForgetAsync("cheap");
        (await _r.Node("cheap").ReserveAsync("other", Samples.Demand(Samples.Slot(cpu: 7_500)), market.Time.GetUtcNow().AddMinutes(2))).Require();
        var order = (await _r.PassAsync(TimeSpan.FromSeconds(5))).Groups[0].Order;
        Assert.EndsWith(dear, order.LeaseId, StringComparison.Ordinal);
        Assert.Equal([(cheap, BidStatus.Closed), (dear, BidStatus.Active)], order.Bids.Select(static b => (b.Provider, b.Status)));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(cheap));
        Assert.Equal("other", Assert.Single(await ReservationsAsync("cheap")).Id);
    }

    [Fact]
    public async Task Who_loses_at_once_hears_of_its_bid_and_then_of_its_end_and_the_tenant_of_both()
    {
        var cheap = await _r.AddProviderAsync("cheap", "1.60");
        var dear = await _r.AddProviderAsync("dear", "3.20");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest))).Require();
        await _r.Deployment.TickAsync();
        Assert.Equal(["bid.created", "lease.opened", "lease.deployed", "bid.won"], await ToldAsync("provider/" + cheap));
        Assert.Equal(["bid.created", "bid.lost"], await ToldAsync("provider/" + dear));
        Assert.Equal(["bid.created", "bid.created", "bid.lost", "bid.won"], (await ToldAsync("deployment/" + _r.Key)).Where(static t => t.StartsWith("bid.", StringComparison.Ordinal)));
        Assert.Equal([(cheap, BidStatus.Active), (dear, BidStatus.Lost)], await RowsAsync());
    }

    [Fact]
    public async Task A_bid_taken_back_while_another_is_awarded_stands_closed_whoever_goes_on()
    {
        var cheap = await _r.AddProviderAsync("cheap", "1.60");
        var dear = await _r.AddProviderAsync("dear", "3.20");
        await ForgetAsync("cheap");
        Assert.Equal([(cheap, BidStatus.Open)], await RowsAsync());
        await market.RestartAsync();
        var node = _r.NodeId("cheap");
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == node ? StoreFault.Unavailable : StoreFault.None;
        try
        {
            (await _r.Deployment.CloseBidAsync(_r.NewOperation(), dear, 1, 1, LeaseCloseReasons.Unspecified)).Require();
        }
        finally
        {
            market.Store.Fault = null;
        }

        await market.RestartAsync();
        Assert.EndsWith(cheap, (await _r.PassAsync(TimeSpan.FromSeconds(5))).Groups[0].Order.LeaseId, StringComparison.Ordinal);
        Assert.Equal([(cheap, BidStatus.Active), (dear, BidStatus.Closed)], await RowsAsync());
        Assert.Equal(["bid.created", "bid.closed"], await ToldAsync("provider/" + dear));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(dear));
    }

    [Fact]
    public async Task What_a_process_confirms_after_its_award_was_taken_from_it_books_nothing_not_even_on_a_node_that_forgot()
    {
        var p = await _r.AddProviderAsync("p", "1.60");
        var (node, writes) = (_r.NodeId("p"), 0);

        // The third write of the deployment and its escrow is the one with bids and award; what the node confirms beside it does not get through either.
        market.Store.Fault = point => point.Call != StoreCall.Commit ? StoreFault.None
            : point.Subject == node ? StoreFault.Unavailable
            : point.Subject == _r.Key && Interlocked.Increment(ref writes) == 3 ? StoreFault.FailBefore : StoreFault.None;
        var create = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest);
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        try
        {
            await Assert.ThrowsAnyAsync<Exception>(() => _r.Deployment.CreateAsync(create));
        }
        finally
        {
            market.Store.Fault = null;
        }

        (await _r.Deployment.CreateAsync(create)).Require();
        var order = (await _r.PassAsync(TimeSpan.FromSeconds(5))).Groups[0].Order;
        var booked = Assert.Single(await ReservationsAsync("p"));
        Assert.Equal(order.LeaseId, booked.Lease);
        await market.RestartAsync();
        var late = $"bid/{_r.Key}/1/1/{p}/1";
        Assert.NotEqual(late, booked.Id);
        Assert.Equal("node.reservation_gone", (await _r.Node("p").ConfirmAsync(late, "late")).Refusal!.Code);
        Assert.Equal("node.reservation_released", (await _r.Node("p").ReserveAsync(late, booked.Demand, market.Time.GetUtcNow().AddMinutes(1), passing: true)).Refusal!.Code);
    }

    [Fact]
    public async Task An_order_that_waits_for_other_bids_has_the_rooms_of_those_it_got_written_down()
    {
        await _r.AddProviderAsync("p", "1.60");
        await _r.AddProviderAsync("external", null);
        await _r.DeployAsync();
        Assert.Single((await _r.GroupAsync()).Order.Bids);
        await market.RestartAsync();
        Assert.Single(await ReservationsAsync("p"));
    }

    [Fact]
    public async Task A_deployment_opens_though_its_bids_could_not_be_booked_and_they_are_given_back_and_tried_again()
    {
        var p = await _r.AddProviderAsync("p", "1.60");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var appends = 0;

        // The first append is the deposit, the second the holds.
        market.Store.Fault = point => point.Call == StoreCall.Append && Interlocked.Increment(ref appends) == 2 ? StoreFault.FailBefore : StoreFault.None;
        DeploymentView view;
        try
        {
            view = (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest))).Require();
        }
        finally
        {
            market.Store.Fault = null;
        }

        Assert.Equal((DeploymentStatus.Active, 0), (view.Status, view.Groups[0].Order.Bids.Length));
        await _r.Deployment.TickAsync();
        Assert.EndsWith(p, (await _r.GroupAsync()).Order.LeaseId, StringComparison.Ordinal);
        Assert.Equal((MarketRegion.Purse - MarketRegion.BidDeposit, MarketRegion.BidDeposit), await PurseAsync(p));
        Assert.Single(await ReservationsAsync("p"));
    }

    [Fact]
    public async Task A_deployment_closed_while_its_first_deposit_is_on_its_way_gives_it_back()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var commits = 0;

        // The deployment's row is the first, what the escrow got the second.
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == _r.Key && Interlocked.Increment(ref commits) == 2 ? StoreFault.FailBefore : StoreFault.None;
        try
        {
            await Assert.ThrowsAnyAsync<Exception>(() => _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest)));
        }
        finally
        {
            market.Store.Fault = null;
        }

        Assert.Equal(1_000_000, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Escrow(_r.Key))).Posted);
        Assert.Equal(DeploymentStatus.Closed, (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require().Status);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(_r.Tenant));
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Escrow(_r.Key))).Posted);
    }

    /// <summary>Every commit of the deployment, its escrow, its lease and the nodes is lost once, before or after it was written.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_an_order_becomes_one_lease_and_who_lost_has_deposit_and_room_back(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 8, 60, async time =>
    {
        var region = time.Region;
        string[] bidders = ["a", "b", "c"];
        foreach (var (i, who) in bidders.Index())
        {
            await region.AddProviderAsync(who, $"{i + 1}.60");
        }

        await region.MintAsync(region.Tenant, MarketRegion.Purse);
        var create = new CreateDeployment(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, WinnerRule.Lowest);
        var mine = bidders.Select(region.NodeId).ToHashSet(StringComparer.Ordinal);
        await time.DuringAsync(subject => subject.StartsWith(region.Key, StringComparison.Ordinal) || mine.Contains(subject), async () =>
        {
            await MarketRegion.AgainAsync(async () => (await region.Deployment.CreateAsync(create)).Require());
            await RestAsync(region);
        });

        var order = (await region.GroupAsync()).Order;
        Assert.EndsWith(region.Provider("a"), order.LeaseId, StringComparison.Ordinal);
        Assert.Equal(LeaseStatus.Active, (await region.LeaseAsync()).Status);
        Assert.Equal(order.LeaseId, Assert.Single((await region.Node("a").GetAsync()).Require().Reservations).Lease);
        Assert.Single((await region.Node("a").GetDesiredStateAsync()).Workloads);
        Assert.Equal(order.LeaseId, Assert.Single((await region.Escrow.GetAsync()).Require().Payments).Id);
        foreach (var loser in bidders[1..])
        {
            Assert.Empty((await region.Node(loser).GetAsync()).Require().Reservations);
            Assert.Equal(MarketRegion.Purse, await region.WalletAsync(region.Provider(loser)));
        }

        (await region.Deployment.CloseAsync(region.NewOperation(), region.Tenant)).Require();
        Assert.Empty((await region.Node("a").GetAsync()).Require().Reservations);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(region.Provider("a")))).Held);
    });

    private async Task<string[]> ToldAsync(string topic) =>
        [.. (await market.Store.ReadAsync(0, topic, 100)).Events.Select(static e => e.Type).Where(static t => !t.StartsWith("provider.", StringComparison.Ordinal))];

    private async Task<IEnumerable<(string Provider, BidStatus Status)>> RowsAsync() =>
        (await market.Store.ReadChildrenAsync("bid", _r.Key, null, 10)).Select(RowKind<BidState>.Read).OrderBy(static b => Rate.Parse(b.Price)).Select(static b => (b.Provider, b.Status));

    private async Task RestAsync(MarketRegion region)
    {
        for (var i = 0; i < 5; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
            market.Time.Advance(TimeSpan.FromSeconds(6));
        }
    }

    /// <summary>An order whose winner's node cannot write its confirmation: its activation goes, and with it what it had only in memory.</summary>
    private async Task ForgetAsync(string who)
    {
        var node = _r.NodeId(who);
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == node ? StoreFault.Unavailable : StoreFault.None;
        try
        {
            await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
            var create = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest);
            await MarketRegion.AgainAsync(async () => (await _r.Deployment.CreateAsync(create)).Require());
            await _r.Deployment.TickAsync();
        }
        finally
        {
            market.Store.Fault = null;
        }

        var order = (await _r.GroupAsync()).Order;
        Assert.Equal((2, null), (order.Bids.Length, order.LeaseId));
        Assert.Empty(await MarketRegion.AgainAsync(() => ReservationsAsync(who)));
    }

    private async Task<IReadOnlyList<NodeReservation>> ReservationsAsync(string who) => (await _r.Node(who).GetAsync()).Require().Reservations;

    private async Task<(long Available, long Held)> PurseAsync(string provider)
    {
        var balance = await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(provider));
        return (balance.Available, balance.Held);
    }
}
