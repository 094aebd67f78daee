using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Grains.Ledgers;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Deployments paid in AKT and in USDC, which SDLs name by its ibc denomination: the whole life of one, to the last minor unit.</summary>
public sealed class CurrencyTests(Market market) : IClassFixture<Market>
{
    private const string Usdc = TokenListOptions.UsdcIbcDenom;
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(6);

    private readonly MarketRegion _r = market.NewRegion();

    /// <summary>
    /// 150 blocks at 1,000, of which the network keeps 4 % of AKT and 20 % of USDC. One provider bids by dollars (0.50 USD for an AKT, says the oracle), the other by itself and in the currency's name that stands in the SDL; the tenant picks the dearer one.
    /// </summary>
    [Theory]
    [InlineData("uakt", "uakt", 40, "9.629945")]
    [InlineData(Usdc, "uusdc", 200, "4.814972")]
    public async Task A_deployment_is_bid_for_leased_streamed_and_closed_in_its_own_currency(string denom, string token, long feePerBlock, string managedPrice)
    {
        await PriceAsync("uakt", "0.5");
        var (managed, external) = (await _r.AddProviderAsync("m", "1.60"), await _r.AddProviderAsync("p", null));
        foreach (var who in (string[])[_r.Tenant, managed, external])
        {
            await _r.MintAsync(who, MarketRegion.Purse, token);
        }

        var pool = await market.PostedAsync(token, LedgerAccounts.CommunityPool);
        var actPool = await market.PostedAsync("uact", LedgerAccounts.CommunityPool);
        var view = (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, Sdl(denom), 1_000_000, WinnerRule.Pick))).Require();
        Assert.Equal((token, MarketRegion.Purse - 1_000_000), (view.Denom, await AvailableAsync(token, _r.Tenant)));
        await _r.Deployment.TickAsync();
        var bid = Assert.Single((await _r.GroupAsync()).Order.Bids);
        Assert.Equal((managed, token, managedPrice), (bid.Provider, bid.Denom, bid.Price));
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await AvailableAsync(token, managed));

        // What is asked for in one currency is not answered in another, but its alias is the same one.
        Assert.Equal("bid.deposit_denom", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(external, "1000"))).Refusal!.Code);
        Assert.Equal(token, (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(external, "1000", denom))).Require().Denom);
        (await _r.Deployment.AcceptBidAsync(_r.NewOperation(), _r.Tenant, 1, 1, external)).Require();
        await _r.Deployment.TickAsync();
        var lease = await _r.LeaseAsync();
        Assert.Equal((LeaseStatus.Active, external, token, "1000"), (lease.Status, lease.Terms.Provider, lease.Terms.Currency, lease.Terms.Rate));
        Assert.Equal(MarketRegion.Purse, await AvailableAsync(token, managed));

        // Block by block, whoever looks and whenever.
        foreach (var blocks in (int[])[1, 9, 90])
        {
            market.Time.Advance(blocks * Block);
            (await _r.Deployment.WithdrawAsync(_r.NewOperation(), external, 1)).Require();
        }

        Assert.Equal(100 * (1_000 - feePerBlock) - MarketRegion.BidDeposit, await AvailableAsync(token, external) - MarketRegion.Purse);
        Assert.Equal(pool + (100 * feePerBlock), await market.PostedAsync(token, LedgerAccounts.CommunityPool));
        var escrow = (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 250_000)).Require();
        Assert.Equal((token, 1_150_000, 100_000), (escrow.Currency, escrow.Funds, escrow.CostSoFar));

        market.Time.Advance(50 * Block);
        Assert.Equal(DeploymentStatus.Closed, (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require().Status);
        Assert.Equal(MarketRegion.Purse - 150_000, await AvailableAsync(token, _r.Tenant));
        Assert.Equal(MarketRegion.Purse + (150 * (1_000 - feePerBlock)), await AvailableAsync(token, external));
        Assert.Equal(pool + (150 * feePerBlock), await market.PostedAsync(token, LedgerAccounts.CommunityPool));
        Assert.Equal(0, await market.PostedAsync(token, LedgerAccounts.Escrow(_r.Key)));
        foreach (var who in (string[])[_r.Tenant, managed, external])
        {
            Assert.Equal(0, (await market.LedgerOf(token).GetBalanceAsync(LedgerAccounts.Wallet(who))).Held);
        }

        // Credit was not touched: neither its ledger nor its fee.
        Assert.Equal((MarketRegion.Purse, actPool), (await AvailableAsync("uact", external), await market.PostedAsync("uact", LedgerAccounts.CommunityPool)));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_deployment_in_USDC_that_runs_dry_waits_is_rescued_by_USDC_and_ends_when_it_runs_dry_again()
    {
        var provider = await _r.AddProviderAsync("p", null);
        await _r.MintAsync(provider, MarketRegion.Purse, "uusdc");
        await _r.MintAsync(_r.Tenant, 600_000, "uusdc");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var pool = await market.PostedAsync("uusdc", LedgerAccounts.CommunityPool);
        (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, Sdl(Usdc), 500_000, WinnerRule.Lowest))).Require();
        await _r.Deployment.TickAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(provider, "1000", Usdc))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        Assert.Equal(GroupStatus.InsufficientFunds, (await _r.PassAsync(501 * Block)).Groups[0].Status);

        // Money of another kind does not count: there is 10 ACT in the wallet.
        Assert.Equal("ledger.insufficient_funds", (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 200_000)).Refusal!.Code);
        (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 100_000)).Require();
        Assert.Equal(LeaseStatus.Active, (await _r.LeaseAsync()).Status);
        await _r.PassAsync(101 * Block);
        var ended = await _r.PassAsync(TimeSpan.FromMinutes(11));
        Assert.Equal((GroupStatus.InsufficientFunds, OrderStatus.Closed), (ended.Groups[0].Status, ended.Groups[0].Order.Status));
        Assert.Equal((0, MarketRegion.Purse + 480_000, pool + 120_000), (await AvailableAsync("uusdc", _r.Tenant), await AvailableAsync("uusdc", provider), await market.PostedAsync("uusdc", LedgerAccounts.CommunityPool)));
        Assert.Equal(MarketRegion.Purse, await AvailableAsync("uact", _r.Tenant));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_provider_without_the_orders_currency_cannot_place_its_deposit_and_the_tenant_is_told_so()
    {
        await PriceAsync("uakt", "0.5");
        var provider = await _r.AddProviderAsync("m", "1.60");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse, "uakt");
        (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, Sdl("uakt"), 1_000_000, WinnerRule.Lowest))).Require();
        await _r.Deployment.TickAsync();
        Assert.Empty((await _r.GroupAsync()).Order.Bids);
        var verdict = Assert.Single((await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts, v => v.Provider == provider);
        Assert.Equal("ledger.insufficient_funds", verdict.Rule);
        Assert.Equal(MarketRegion.Purse, await AvailableAsync("uact", provider));
    }

    private string Sdl(string denom) => _r.Sdl("10000").Replace("denom: uact", "denom: " + denom, StringComparison.Ordinal);

    private async Task<long> AvailableAsync(string token, string identity) => (await market.LedgerOf(token).GetBalanceAsync(LedgerAccounts.Wallet(identity))).Available;

    private async Task PriceAsync(string token, string usd)
    {
        market.Time.Advance(TimeSpan.FromSeconds(1));
        var oracle = market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);
        (await oracle.SetFeederAsync(_r.NewOperation(), "id_feeder", true, "op")).Require();
        (await oracle.PostAsync(_r.NewOperation(), new PostPrice(token, "id_feeder", usd, null))).Require();
        (await oracle.ConfirmAsync(_r.NewOperation(), token, usd, "op")).Require();
    }
}
