using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Providers;

/// <summary>A provider leaves when nothing stands any more, and what it was awarded counts in its score.</summary>
public sealed class LeavingTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private IProviderGrain Provider => market.Grains.GetGrain<IProviderGrain>(_r.Provider("p"));

    [Fact]
    public async Task A_provider_with_open_bids_or_leases_in_any_state_stays_and_the_refusal_names_one()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(_r.SdlAt(null, reclaim: "1h"), deposit: 500_000, winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "1000") with { ReclaimWindowSeconds = 3_600 })).Require();
        var bids = (await Provider.DeleteAsync(_r.NewOperation())).Refusal!;
        Assert.Equal(("provider.has_bids", _r.Key), (bids.Code, bids.Facts[1].Value));

        // Who was refused stays, and is awarded what it bid for.
        (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, p)).Require();
        var lease = (await _r.GroupAsync()).Order.LeaseId!;
        await StaysAsync("active");
        (await _r.Deployment.StartReclaimAsync(_r.NewOperation(), p, 1)).Require();
        await StaysAsync("reclaiming");
        await _r.PassAsync(TimeSpan.FromSeconds(6 * 502));
        Assert.Equal(LeaseStatus.InsufficientFunds, (await _r.LeaseAsync(lease)).Status);
        await StaysAsync("insufficient_funds");

        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        var operation = _r.NewOperation();
        (await Provider.DeleteAsync(operation)).Require();
        (await Provider.DeleteAsync(operation)).Require();
        Assert.Equal("provider.not_found", (await Provider.GetAsync()).Refusal!.Code);
        Assert.Equal("provider.not_found", (await Provider.DeleteAsync(_r.NewOperation())).Refusal!.Code);

        async Task StaysAsync(string status)
        {
            var refused = (await Provider.DeleteAsync(_r.NewOperation())).Refusal!;
            Assert.Equal("provider.has_leases", refused.Code);
            Assert.Equal([p, lease, status], refused.Facts.Select(static f => f.Value));
            (await Provider.GetAsync()).Require();
        }
    }

    /// <summary>The index of the market may be a little behind: a bid made for a provider that has just left is found out when it is to be awarded.</summary>
    [Fact]
    public async Task Nothing_is_awarded_to_a_provider_that_is_gone_or_going()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        var bids = await market.Store.ReadChildrenAsync("bid", _r.Key, null, 10);
        Assert.Single(bids);
        var row = (await market.Store.ReadAsync(Storage.Rows.RowId.Root("provider", p)))!;
        Assert.Null(ProviderStanding.WhyNot(p, row, market.Time.GetUtcNow()));

        // The process goes away between the mark and the look: the mark holds awards back, and ends by itself.
        var commits = 0;
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == p && Interlocked.Increment(ref commits) == 2 ? StoreFault.FailBefore : StoreFault.None;
        await Assert.ThrowsAnyAsync<Exception>(() => Provider.DeleteAsync(_r.NewOperation()));
        market.Store.Fault = null;
        Assert.Equal("provider.leaving", (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, p)).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(p));
        market.Time.Advance(TimeSpan.FromMinutes(2));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, p)).Require();
    }

    [Fact]
    public async Task A_deleted_provider_is_not_bid_for_and_registers_again()
    {
        var p = await _r.AddProviderAsync("p", "1.60");
        (await Provider.DeleteAsync(_r.NewOperation())).Require();
        await _r.DeployAsync();
        Assert.Empty((await _r.AuctionAsync()).Groups[0].Order.Bids);
        Assert.Equal("provider.not_found", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Refusal!.Code);
        await _r.AddProviderAsync("p", "1.60");
        Assert.Equal(p, Assert.Single((await _r.PassAsync(TimeSpan.FromSeconds(15))).Groups[0].Order.Bids).Provider);
    }

    [Fact]
    public async Task Leases_that_ran_raise_the_score_and_those_it_broke_lower_it_and_it_decides_between_bids_of_one_price()
    {
        var p = await _r.LeasedAsync(deposit: 5_000_000);
        market.Time.Advance(TimeSpan.FromHours(1));
        (await _r.Deployment.CloseLeaseAsync(_r.NewOperation(), _r.Tenant, 1)).Require();
        Assert.Equal(1, (await Provider.GetAsync()).Require().Score);

        // Of two bids at one price the later one wins, for its score.
        var q = await _r.AddProviderAsync("q", null);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(q, "900", oseq: 2))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(1));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "900", oseq: 2))).Require();
        Assert.EndsWith(p, (await _r.AuctionAsync()).Groups[0].Order.LeaseId, StringComparison.Ordinal);

        // One closed within the hour counts for nothing, one the provider ends counts against it.
        (await _r.Deployment.CloseBidAsync(_r.NewOperation(), p, 1, 2, LeaseCloseReasons.Decommission)).Require();
        Assert.Equal(-9, (await Provider.GetAsync()).Require().Score);
        (await Provider.LeaseEndedAsync((await _r.GroupAsync()).Order.LeaseId!, LeaseCloseReasons.Decommission, TimeSpan.FromHours(9))).Require();
        Assert.Equal(-9, (await Provider.GetAsync()).Require().Score);
    }
}
