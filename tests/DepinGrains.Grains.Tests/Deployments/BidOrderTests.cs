using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Tests.Nodes;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Which rule a bid is refused by when it breaks several: the first of the published order (lifecycle.json, create_bid_checks_in_order).</summary>
public sealed class BidOrderTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    /// <summary>One bid that breaks every rule; each line mends the one it was refused by, and the next rule refuses it.</summary>
    [Fact]
    public async Task A_bid_is_checked_in_the_published_order()
    {
        var nobody = _r.Provider("p");
        await _r.DeployAsync(_r.SdlAt(null, reclaim: "24h"), winner: WinnerRule.Pick);
        var bid = MarketRegion.Bid(nobody, "2000", "uakt", 1) with { Offer = [Offer(500)] };
        await RefusedAsync("bid.deposit_denom");
        bid = bid with { Denom = "uact" };
        await RefusedAsync("bid.deposit_too_small");
        bid = bid with { Deposit = MarketRegion.BidDeposit };
        await RefusedAsync("bid.price_above_ceiling");
        bid = bid with { Price = "1000" };
        await RefusedAsync("bid.offer_invalid");
        bid = bid with { Offer = [Offer(1_000)] };
        await RefusedAsync("provider.not_found");

        var provider = market.Grains.GetGrain<IProviderGrain>(nobody);
        (await provider.PutAsync(_r.NewOperation(), new ProviderProfile("p", [], null, ""))).Require();
        (await provider.SetMaintenanceAsync(_r.NewOperation(), true)).Require();
        await RefusedAsync("provider.maintenance");
        (await provider.SetMaintenanceAsync(_r.NewOperation(), false)).Require();
        await RefusedAsync("market.attribute_mismatch");
        (await provider.PutAsync(_r.NewOperation(), new ProviderProfile("p", [new Contracts.Common.Fact("region", _r.Name)], null, ""))).Require();
        await RefusedAsync("provider.no_nodes");
        (await _r.Node("p").JoinAsync(_r.NewOperation(), Samples.Registration(provider: nobody, key: nobody))).Require();
        (await _r.Node("p").ConnectAsync("boot", Samples.Hardware())).Require();
        await RefusedAsync("bid.deposit_unfunded");
        await _r.MintAsync(nobody, MarketRegion.Purse);
        await RefusedAsync("bid.reclamation_required");
        bid = bid with { ReclaimWindowSeconds = 60 };
        await RefusedAsync("bid.reclamation_out_of_bounds");
        bid = bid with { ReclaimWindowSeconds = 3_600 };
        await RefusedAsync("bid.reclamation_too_short");
        bid = bid with { ReclaimWindowSeconds = 86_400 };
        (await _r.Deployment.BidAsync(_r.NewOperation(), bid)).Require();
        await RefusedAsync("bid.exists");
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(nobody));

        async Task RefusedAsync(string code) => Assert.Equal(code, (await _r.Deployment.BidAsync(_r.NewOperation(), bid)).Refusal?.Code);
    }

    [Theory]
    [InlineData(1, 1, 999, "cpu")]
    [InlineData(1, 2, 1_000, "count")]
    [InlineData(2, 1, 1_000, "id")]
    public async Task An_offer_smaller_than_what_was_asked_is_refused_with_the_numbers(int id, int count, long cpu, string what)
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync();
        var refused = (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p) with { Offer = [Offer(cpu) with { Id = id, Count = count }] })).Refusal!;
        Assert.Equal("bid.offer_invalid", refused.Code);
        Assert.Equal(what, refused.Facts[1].Value);
        var empty = new OfferedUnit(1, 1, new UnitResources(1, 1_000, [], 1L << 29, [], 0, [], []));
        Assert.Equal("bid.offer_invalid", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p) with { Offer = [empty] })).Refusal!.Code);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p) with { Offer = [Offer(4_000)] })).Require();
    }

    /// <summary>The index of the market is read again now and then; who registered since must not be told that it does not exist.</summary>
    [Fact]
    public async Task Who_registered_since_the_index_was_read_is_found()
    {
        var index = new MarketIndex(market.Store, new NetworkClock(Options.Create(new NetworkOptions()), market.Time), Options.Create(new ScreeningOptions { RefreshAfter = TimeSpan.FromMinutes(10) }));
        await index.SnapshotAsync();
        var p = await _r.AddProviderAsync("p", null);
        Assert.Null((await index.SnapshotAsync()).Find(p));
        var (first, second) = (index.FreshAsync(), index.FreshAsync());
        Assert.Equal(NodeStatus.Online, Assert.Single((await first).Find(p)!.Nodes).Status);
        Assert.NotNull((await second).Find(p));
    }

    private static OfferedUnit Offer(long cpu) => new(1, 1, new UnitResources(1, cpu, [], 1L << 29, [new StorageVolume("default", 1L << 30, [])], 0, [], []));
}
