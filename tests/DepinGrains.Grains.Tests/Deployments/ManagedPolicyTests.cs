using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Tests.Nodes;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>What a provider's policy makes the network do for it: scale prices, reclamation windows; and bids that outlive their bookings.</summary>
public sealed class ManagedPolicyTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_scale_policy_bids_its_exact_price()
    {
        // 1,000 milli-CPU × 0.1 + 512 MiB × 0.5 + 1,024 MiB × 0.25 + 1 endpoint × 7.
        var p = await _r.AddProviderAsync("p", null, scale: new ScalePricing("0.1", "0.5", [new Fact("ephemeral", "0.25")], "7", "60"));
        await _r.DeployAsync();
        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.Equal(("619", true, p), (order.Bids[0].Price, order.Bids[0].Managed, order.Bids[0].Provider));
        Assert.Equal("619", (await _r.LeaseAsync()).Terms.Rate);
    }

    [Fact]
    public async Task A_profile_has_one_kind_of_prices_and_a_window_within_bounds()
    {
        var provider = market.Grains.GetGrain<IProviderGrain>(_r.Provider("p"));
        var scale = new ScalePricing("1", "0", [], "0", "0");
        var profile = new ProviderProfile("p", [], null, "", scale);
        Assert.Equal("provider.pricing_conflict", (await provider.PutAsync("a", profile with { Pricing = UsdPricing.Default })).Refusal!.Code);
        Assert.Equal("provider.pricing_invalid", (await provider.PutAsync("b", profile with { Scale = scale with { CpuPerMilli = "cheap" } })).Refusal!.Code);
        Assert.Equal("provider.pricing_invalid", (await provider.PutAsync("c", profile with { Scale = scale with { GpuPerCard = [new Fact("a100", "-1")] } })).Refusal!.Code);
        Assert.Equal("provider.reclamation_out_of_bounds", (await provider.PutAsync("d", profile with { ReclaimWindowSeconds = 60 })).Refusal!.Code);
        var put = (await provider.PutAsync("e", profile with { ReclaimWindowSeconds = 3_600, Scale = scale with { GpuPerCard = [new Fact("a100.80Gi", "5")] } })).Require();
        Assert.Equal("5", put.Profile.Scale!.GpuPerCard[0].Value);
        await market.RestartAsync();
        Assert.Equal("5", (await market.Grains.GetGrain<IProviderGrain>(_r.Provider("p")).GetAsync()).Require().Profile.Scale!.GpuPerCard[0].Value);
    }

    [Fact]
    public async Task Managed_bids_offer_the_reclamation_window_an_order_asks_for_and_the_others_are_told_why_not()
    {
        var without = await _r.AddProviderAsync("without", "1.60");
        var brief = await _r.AddProviderAsync("brief", "1.60", reclaimSeconds: 3_600);
        var longer = await _r.AddProviderAsync("long", "1.60", reclaimSeconds: 90_000);
        await _r.DeployAsync(_r.SdlAt(null, reclaim: "24h"));
        var order = (await _r.AuctionAsync()).Groups[0].Order;
        var bid = Assert.Single(order.Bids);
        Assert.Equal((longer, 90_000), (bid.Provider, bid.ReclaimWindowSeconds));
        var verdicts = (await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts;
        Assert.Equal(("bid.reclamation_too_short", "86400", "3600"), verdicts.Where(v => v.Provider == brief).Select(static v => (v.Rule, v.Wanted, v.Had)).First());
        Assert.Equal("0", verdicts.First(v => v.Provider == without).Had);

        // The notice is given, then waited for.
        Assert.Equal("lease.reclaim_not_started", (await _r.Deployment.CloseBidAsync(_r.NewOperation(), longer, 1, 1, 10_001)).Refusal!.Code);
        Assert.Equal("lease.not_found", (await _r.Deployment.StartReclaimAsync(_r.NewOperation(), brief, 1)).Refusal!.Code);
        (await _r.Deployment.StartReclaimAsync(_r.NewOperation(), longer, 1)).Require();
        var lease = await _r.LeaseAsync();
        Assert.Equal((LeaseStatus.Reclaiming, market.Time.GetUtcNow().AddHours(25)), (lease.Status, lease.ReclaimAt));
        Assert.Equal("lease.reclaim_window_not_elapsed", (await _r.Deployment.CloseBidAsync(_r.NewOperation(), longer, 1, 1, 10_001)).Refusal!.Code);
    }

    [Fact]
    public async Task Without_a_wish_for_a_window_none_is_offered()
    {
        await _r.AddProviderAsync("p", "1.60", reclaimSeconds: 90_000);
        await _r.DeployAsync();
        Assert.Equal(0, (await _r.AuctionAsync()).Groups[0].Order.Bids[0].ReclaimWindowSeconds);
        Assert.Equal("lease.no_reclaim_window", (await _r.Deployment.StartReclaimAsync(_r.NewOperation(), _r.Provider("p"), 1)).Refusal!.Code);
    }

    [Fact]
    public async Task A_bid_whose_booking_lapsed_says_so_and_is_booked_again_when_it_is_taken()
    {
        var p = await _r.AddProviderAsync("p", null);
        (await _r.Pool("p").PutAsync(_r.NewOperation(), ["203.0.113.7"])).Require();
        await _r.DeployAsync(_r.SdlAt(null, ip: true), winner: WinnerRule.Pick);
        var made = (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        Assert.Equal(market.Time.GetUtcNow().AddMinutes(5), made.BookedUntil);
        market.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);
        Assert.True((await _r.GroupAsync()).Order.Bids[0].BookedUntil < market.Time.GetUtcNow());
        var taken = (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, p)).Require();
        Assert.NotNull(taken.Groups[0].Order.LeaseId);
        Assert.Equal(taken.Groups[0].Order.LeaseId, Assert.Single((await _r.Node("p").GetAsync()).Require().Reservations).Lease);
        Assert.Single((await _r.LeaseAsync()).Terms.Addresses);
    }

    [Fact]
    public async Task A_lapsed_bid_whose_room_has_gone_is_refused_with_the_numbers_and_another_can_be_taken()
    {
        var p = await _r.AddProviderAsync("p", null);
        var q = await _r.AddProviderAsync("q", null);
        await _r.DeployAsync(winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(q))).Require();
        market.Time.Advance(TimeSpan.FromMinutes(6));
        (await _r.Node("p").ReserveAsync("other", Samples.Demand(Samples.Slot(cpu: 7_500)), market.Time.GetUtcNow().AddMinutes(2))).Require();
        var refused = (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, p)).Refusal!;
        Assert.Equal("node.insufficient_cpu", refused.Code);
        Assert.Equal(["cpu", "1000", "500"], refused.Facts.Select(static f => f.Value));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(p));
        (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, q)).Require();
    }

    [Fact]
    public async Task However_often_a_deployment_is_listed_again_only_the_newest_bids_are_read_and_the_rows_stay()
    {
        await _r.AddProviderAsync("p", "1.60");
        await _r.DeployAsync();
        for (var i = 0; i < 12; i++)
        {
            Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
            (await _r.Deployment.CloseLeaseAsync(_r.NewOperation(), _r.Tenant, 1)).Require();
        }

        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        Assert.Equal(13, (await market.Store.ReadChildrenAsync("bid", _r.Key, null, 100)).Length);
        await market.RestartAsync();
        market.Rows.Take("bid");
        Assert.Single((await _r.ViewAsync()).Groups[0].Order.Bids);
        Assert.InRange(market.Rows.Take("bid"), 1, 2);
        (await _r.Deployment.CloseBidAsync(_r.NewOperation(), _r.Provider("p"), 1, 3, 10_002)).Require();
        Assert.Equal("bid.not_found", (await _r.Deployment.CloseBidAsync(_r.NewOperation(), "id_nobody", 1, 3, 10_002)).Refusal!.Code);
        Assert.Equal(OrderStatus.Active, (await _r.GroupAsync()).Order.Status);
    }
}
