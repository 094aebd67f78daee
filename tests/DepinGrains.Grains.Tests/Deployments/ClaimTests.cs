using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>What a lease has for itself alone: addresses of its provider's pool, host names of the network.</summary>
public sealed class ClaimTests(Market market) : IClassFixture<Market>
{
    private static int _names;

    private readonly MarketRegion _r = market.NewRegion();
    private readonly string _host = $"shop{Interlocked.Increment(ref _names)}.example.com";

    [Fact]
    public async Task A_named_endpoint_holds_an_address_from_the_bid_to_the_end_of_the_lease()
    {
        var p = await _r.AddProviderAsync("p", null);
        (await _r.Pool("p").PutAsync(_r.NewOperation(), ["203.0.113.7-203.0.113.8"])).Require();
        await _r.DeployAsync(_r.SdlAt(null, ip: true));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        Assert.Equal((1, 0), await HeldAsync());
        await _r.AuctionAsync();
        Assert.Equal((0, 1), await HeldAsync());
        var address = Assert.Single((await _r.LeaseAsync()).Terms.Addresses);
        Assert.Equal(("front", "203.0.113.7"), (address.Endpoint, address.Address));
        market.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal((0, 1), await HeldAsync());
        Assert.Equal("provider.addresses_in_use", (await _r.Pool("p").PutAsync(_r.NewOperation(), ["203.0.113.8"])).Refusal!.Code);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal((0, 0), await HeldAsync());
    }

    [Fact]
    public async Task Without_a_free_address_the_bid_is_refused_with_the_numbers_and_screening_says_so()
    {
        var p = await _r.AddProviderAsync("p", null);
        var none = await _r.AddProviderAsync("none", null);
        (await _r.Pool("p").PutAsync(_r.NewOperation(), ["203.0.113.7"])).Require();
        (await _r.Pool("p").ReserveAsync("someone", ["x"], market.Time.GetUtcNow().AddMinutes(4))).Require();
        await _r.DeployAsync(_r.SdlAt(null, ip: true));
        var refused = (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Refusal!;
        Assert.Equal("inventory.insufficient_ips", refused.Code);
        Assert.Equal("inventory.no_leased_ips", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(none))).Refusal!.Code);
        await _r.AuctionAsync();
        var verdict = (await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts.First(v => v.Provider == p);
        Assert.Equal(("inventory.insufficient_ips", "1", "0"), (verdict.Rule, verdict.Wanted, verdict.Had));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);

        // The other hold runs out; nothing was written, and there is room again.
        market.Time.Advance(TimeSpan.FromMinutes(4));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
    }

    [Fact]
    public async Task Many_that_ask_at_once_never_share_an_address()
    {
        await _r.AddProviderAsync("p", null);
        (await _r.Pool("p").PutAsync(_r.NewOperation(), ["203.0.113.0/29"])).Require();
        var soon = market.Time.GetUtcNow().AddMinutes(2);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => _r.Pool("p").ReserveAsync($"r{i}", ["a", "b"], soon)));
        Assert.Equal(4, answers.Count(static a => a.IsOk));
        Assert.Equal(8, answers.Where(static a => a.IsOk).SelectMany(static a => a.Value!.Addresses).Select(static a => a.Address).Distinct().Count());
        var refused = answers.First(static a => !a.IsOk).Refusal!;
        Assert.Equal(("provider.addresses_exhausted", "2,0,8"), (refused.Code, string.Join(',', refused.Facts.Select(static f => f.Value))));
        Assert.Equal(answers.First(static a => a.IsOk).Value!.Addresses, (await _r.Pool("p").ReserveAsync(answers.First(static a => a.IsOk).Value!.Id, ["a", "b"], soon)).Require().Addresses);
    }

    [Fact]
    public async Task A_host_name_is_served_by_one_deployment_and_free_after_its_end()
    {
        await LeaseAsync();
        var refused = (await CreateOtherAsync(2)).Refusal!;
        Assert.Equal(("hostname.in_use", _host), (refused.Code, refused.Facts[0].Value));
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Null((await market.Grains.GetGrain<IHostnameGrain>(_host).GetAsync()).Deployment);
        (await CreateOtherAsync(3)).Require();
    }

    [Fact]
    public async Task Of_two_deployments_that_want_a_name_before_either_runs_the_second_award_is_refused_and_nothing_stays_booked()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(_r.SdlAt(_host));
        (await CreateOtherAsync(2)).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        (await _r.Other(2).BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        await _r.Other(2).TickAsync();
        var group = (await _r.Other(2).GetAsync()).Require().Groups[0];
        Assert.Equal((GroupStatus.Paused, "hostname.in_use"), (group.Status, group.Order.Problem!.Code));
        Assert.Single((await _r.Node("p").GetAsync()).Require().Reservations);

        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        (await _r.Other(2).ChangeGroupAsync(_r.NewOperation(), _r.Tenant, 1, GroupAction.Start)).Require();
        (await _r.Other(2).BidAsync(_r.NewOperation(), MarketRegion.Bid(p, oseq: 2))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(12));
        await _r.Other(2).TickAsync();
        Assert.NotNull((await _r.Other(2).GetAsync()).Require().Groups[0].Order.LeaseId);
    }

    [Fact]
    public async Task A_relisted_deployment_keeps_its_name_and_a_new_manifest_changes_it()
    {
        var p = await LeaseAsync();
        (await _r.Deployment.CloseLeaseAsync(_r.NewOperation(), _r.Tenant, 1)).Require();
        Assert.Equal("hostname.in_use", (await CreateOtherAsync(2)).Refusal!.Code);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, oseq: 2))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);

        var next = "new-" + _host;
        (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, _r.SdlAt(next))).Require();
        Assert.Equal(_r.Key, (await market.Grains.GetGrain<IHostnameGrain>(next).GetAsync()).Deployment);
        (await CreateOtherAsync(4)).Require();
        Assert.Equal("hostname.in_use", (await _r.Other(4).UpdateAsync(_r.NewOperation(), _r.Tenant, _r.SdlAt(next))).Refusal!.Code);
    }

    /// <summary>Every commit of the deployment, its lease, node, pool and host name is lost once, before or after it was written; in the end nothing is held by anybody.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_addresses_and_names_are_free_in_the_end(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 14, 80, async time =>
    {
        var region = time.Region;
        var host = $"crash{Interlocked.Increment(ref _names)}.example.com";
        var p = await region.AddProviderAsync("p", null);
        (await region.Pool("p").PutAsync(region.NewOperation(), ["203.0.113.7"])).Require();
        await region.MintAsync(region.Tenant, MarketRegion.Purse);
        await time.DuringAsync(
            subject => subject.StartsWith(region.Key, StringComparison.Ordinal) || subject == p || subject == host || subject == region.NodeId("p"),
            () => LifeAsync(region, p, host));

        Assert.Equal(DeploymentStatus.Closed, (await region.ViewAsync()).Status);
        Assert.Null((await market.Grains.GetGrain<IHostnameGrain>(host).GetAsync()).Deployment);
        Assert.Equal(1, (await region.Pool("p").GetAsync()).Free);
        Assert.Empty((await region.Node("p").GetAsync()).Require().Reservations);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(p))).Held);
    });

    private async Task LifeAsync(MarketRegion region, string provider, string host)
    {
        var create = new CreateDeployment(region.NewOperation(), region.Tenant, region.SdlAt(host, ip: true), 1_000_000, WinnerRule.Lowest);
        await MarketRegion.AgainAsync(async () => (await region.Deployment.CreateAsync(create)).Require());
        var bid = region.NewOperation();
        await MarketRegion.AgainAsync(async () => (await region.Deployment.BidAsync(bid, MarketRegion.Bid(provider, "1000"))).Require());
        market.Time.Advance(TimeSpan.FromSeconds(12));
        string? lease = null;
        for (var i = 0; i < 6 && lease is null; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
            await MarketRegion.AgainAsync(async () => lease = (await region.GroupAsync()).Order.LeaseId);
            market.Time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.NotNull(lease);
        Assert.Single((await region.LeaseAsync(lease)).Terms.Addresses);
        var close = region.NewOperation();
        await MarketRegion.AgainAsync(async () => (await region.Deployment.CloseAsync(close, region.Tenant)).Require());
        for (var i = 0; i < 6 && (await region.ViewAsync()).Status != DeploymentStatus.Closed; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
        }
    }

    private async Task<string> LeaseAsync()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(_r.SdlAt(_host));
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        return p;
    }

    private Task<Contracts.Common.Result<DeploymentView>> CreateOtherAsync(int number) =>
        _r.Other(number).CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.SdlAt(_host), 1_000_000, WinnerRule.Lowest));

    private async Task<(int Reserved, int Leased)> HeldAsync()
    {
        var pool = await _r.Pool("p").GetAsync();
        return (pool.Reserved, pool.Leased);
    }
}
