using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>What a tenant says when it ends something, what is kept of it, and what is not.</summary>
public sealed class ClosingTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task The_reason_a_tenant_gives_stays_with_the_lease()
    {
        var p = await _r.LeasedAsync();
        var lease = (await _r.GroupAsync()).Order.LeaseId!;
        foreach (var wrong in (int[])[0, -1, 10_000, 20_000])
        {
            Assert.Equal("lease.reason_invalid", (await _r.Deployment.CloseLeaseAsync(_r.NewOperation(), _r.Tenant, 1, wrong)).Refusal!.Code);
        }

        var operation = _r.NewOperation();
        (await _r.Deployment.CloseLeaseAsync(operation, _r.Tenant, 1, 4_711)).Require();
        Assert.Equal("request.id_reused", (await _r.Deployment.CloseLeaseAsync(operation, _r.Tenant, 1, 4_712)).Refusal!.Code);
        Assert.Equal((4_711, "closed by the tenant (reason 4711)"), Why(await _r.LeaseAsync(lease)));

        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, oseq: 2))).Require();
        var next = (await _r.AuctionAsync()).Groups[0].Order.LeaseId!;
        Assert.Equal("lease.reason_invalid", (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant, 10_002)).Refusal!.Code);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant, 42)).Require();
        Assert.Equal((42, "closed by the owner (reason 42)"), Why(await _r.LeaseAsync(next)));
    }

    [Fact]
    public async Task The_sealed_sdl_of_a_deployment_goes_when_it_closes()
    {
        await _r.LeasedAsync();
        Assert.NotNull(await SecretAsync());
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal(DeploymentStatus.Closed, (await _r.ViewAsync()).Status);
        Assert.Null(await SecretAsync());
    }

    [Fact]
    public async Task The_sealed_sdl_of_a_deployment_nobody_paid_for_goes_at_once()
    {
        var command = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest);
        var refused = (await _r.Deployment.CreateAsync(command)).Refusal!;
        Assert.Equal("ledger.insufficient_funds", refused.Code);
        Assert.Null(await SecretAsync());
        Assert.Equal(refused.Code, (await _r.Deployment.CreateAsync(command)).Refusal!.Code);
    }

    [Fact]
    public async Task A_standing_order_sent_again_after_it_was_ended_draws_no_money()
    {
        await _r.LeasedAsync(deposit: 500_000);
        var (set, rule) = (_r.NewOperation(), new AutoTopUp(100, 300, 1, 250_000, 86_400, DepositFrom.Balance));
        (await _r.Deployment.SetAutoTopUpAsync(set, _r.Tenant, rule)).Require();
        (await _r.Deployment.SetAutoTopUpAsync(_r.NewOperation(), _r.Tenant, null)).Require();
        (await _r.Deployment.SetAutoTopUpAsync(set, _r.Tenant, rule)).Require();
        Assert.Null((await _r.Deployment.GetAutoTopUpAsync()).Require().Rule);
        Assert.Equal("request.id_reused", (await _r.Deployment.SetAutoTopUpAsync(set, _r.Tenant, rule with { ToBlocks = 301 })).Refusal!.Code);
        await _r.PassAsync(TimeSpan.FromSeconds(6 * 450));
        Assert.Equal(MarketRegion.Purse - 500_000, await _r.WalletAsync(_r.Tenant));
    }

    [Fact]
    public async Task While_a_token_has_no_price_nobody_sells_for_dollars_and_the_order_says_why()
    {
        var p = await _r.AddProviderAsync("p", "0.01");
        await _r.MintAsync(p, MarketRegion.Purse, "uakt");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse, "uakt");
        await _r.DeployAsync(_r.Sdl(price: "100000").Replace("denom: uact", "denom: uakt", StringComparison.Ordinal));
        Assert.Empty((await _r.AuctionAsync()).Groups[0].Order.Bids);
        var why = Assert.Single((await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts, v => v.Provider == p);
        Assert.Equal("oracle.price_stale", why.Rule);
        Assert.Contains("uakt", why.Wanted, StringComparison.Ordinal);

        var oracle = market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);
        (await oracle.SetFeederAsync(_r.NewOperation(), "id_feeder", true, "op")).Require();
        (await oracle.PostAsync(_r.NewOperation(), new PostPrice("uakt", "id_feeder", "2.5", null))).Require();
        var bid = Assert.Single((await _r.PassAsync(TimeSpan.FromSeconds(15))).Groups[0].Order.Bids);
        Assert.Equal((p, true), (bid.Provider, bid.Managed));
    }

    private static (int Reason, string Detail) Why(LeaseView lease) => (lease.CloseReason, lease.CloseDetail);

    private Task<StoredRow?> SecretAsync() => market.Store.ReadAsync(new RowId("deployment_secret", _r.Key, "sdl"));
}
