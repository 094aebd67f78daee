using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>What a process that was given up, or a network that delays, brings late: it finds its id used up.</summary>
public sealed class LateArrivalTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_bids_deposit_that_is_held_after_the_bid_was_given_up_holds_nothing()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        await _r.Deployment.TickAsync();
        var node = _r.Node("p").GetPrimaryKeyString();
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == node ? StoreFault.FailBefore : StoreFault.None;
        try
        {
            // The intent is written; what comes next is lost.
            await Assert.ThrowsAnyAsync<Exception>(() => _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p)));
        }
        finally
        {
            market.Store.Fault = null;
        }

        await _r.PassAsync(TimeSpan.FromMinutes(1));
        var hold = new Transfer($"bid/{_r.Key}/1/1/{p}/1", TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(p), -MarketRegion.BidDeposit)], ExpiresAt: null, Memo: "bid deposit");
        Assert.Equal(MarketRegion.BidDeposit, (await market.Ledger.ExecuteAsync(hold)).Require().HeldLeft);
        var balance = await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(p));
        Assert.Equal((MarketRegion.Purse, 0), (balance.Available, balance.Held));
    }

    [Fact]
    public async Task An_escrow_that_was_closed_before_it_was_opened_takes_no_money_any_more()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        Assert.Equal("escrow.not_found", (await _r.Escrow.CloseAsync()).Refusal!.Code);
        Assert.Equal("escrow.not_found", (await _r.Escrow.CloseAsync()).Refusal!.Code);
        Assert.Equal("escrow.account_closed", (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uact", 1_000_000)).Refusal!.Code);
        Assert.Equal("escrow.not_found", (await _r.Escrow.DepositAsync(_r.NewOperation(), _r.Tenant, 1_000_000)).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(_r.Tenant));
    }

    [Fact]
    public async Task A_close_of_a_bid_that_was_over_does_not_close_a_newer_one_when_it_is_sent_again()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        var late = _r.NewOperation();
        await CloseBidAsync(_r.NewOperation());
        await CloseBidAsync(late);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        await CloseBidAsync(late);
        Assert.Single((await _r.GroupAsync()).Order.Bids, static b => b.Status == BidStatus.Open);

        async Task CloseBidAsync(string operation) => (await _r.Deployment.CloseBidAsync(operation, p, 1, 1, LeaseCloseReasons.Decommission)).Require();
    }

    [Fact]
    public async Task A_close_of_a_lease_that_was_over_does_not_close_a_newer_one_when_it_is_sent_again()
    {
        var p = await _r.LeasedAsync();
        (await _r.Deployment.ChangeGroupAsync(_r.NewOperation(), _r.Tenant, 1, GroupAction.Pause)).Require();
        var late = _r.NewOperation();
        (await _r.Deployment.CloseLeaseAsync(late, _r.Tenant, 1)).Require();
        (await _r.Deployment.ChangeGroupAsync(_r.NewOperation(), _r.Tenant, 1, GroupAction.Start)).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "1000", oseq: 2))).Require();
        await _r.AuctionAsync();
        (await _r.Deployment.CloseLeaseAsync(late, _r.Tenant, 1)).Require();
        Assert.Equal(LeaseStatus.Active, (await _r.LeaseAsync()).Status);
        Assert.Equal(2, (await _r.GroupAsync()).Order.Oseq);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_keep_the_market_as_it_was()
    {
        var time = new ManualTime(market.Time.GetUtcNow());
        var index = new MarketIndex(market.Store, new NetworkClock(Options.Create(new NetworkOptions()), time), Options.Create(new ScreeningOptions { RefreshAfter = TimeSpan.FromSeconds(5) }));
        await index.SnapshotAsync();
        time.Advance(TimeSpan.FromMinutes(-10));
        var p = await _r.AddProviderAsync("p", null);
        Assert.NotNull((await index.SnapshotAsync()).Find(p));
    }
}
