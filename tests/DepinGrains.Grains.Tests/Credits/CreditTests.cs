using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Credits;

/// <summary>ACT: minted and burned at the price, once whatever is lost, and never without what it was minted from.</summary>
public sealed class CreditTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private ICreditVaultGrain Vault => market.Grains.GetGrain<ICreditVaultGrain>("uact");

    [Fact]
    public async Task Buying_burns_the_token_and_selling_gives_at_most_it_back()
    {
        await PriceAsync();
        await _r.MintAsync(_r.Tenant, 1_000_000, "uakt");
        var before = (await market.PostedAsync("uakt", "issuance"), await market.PostedAsync("uact", "issuance"));
        var bought = (await ConvertAsync(CreditDirection.Buy, "uakt", 400_001)).Require();

        // ⌊400,001 · 2.5 · 0.995⌋ = ⌊995,002.4875⌋
        Assert.Equal(995_002, bought.Out);
        Assert.Equal(before.Item1 + 400_001, await market.PostedAsync("uakt", "issuance"));
        Assert.Equal(before.Item2 - 995_002, await market.PostedAsync("uact", "issuance"));
        Assert.Equal(995_002, await market.PostedAsync("uact.uakt", LedgerAccounts.Wallet(_r.Tenant)));
        var sold = (await ConvertAsync(CreditDirection.Sell, "uakt", 995_002)).Require();

        // ⌊995,002 ÷ 2.5 · 0.995⌋ = ⌊396,010.796⌋
        Assert.Equal(396_010, sold.Out);
        Assert.Equal((0L, 995_999L + 10), (await market.PostedAsync("uact", LedgerAccounts.Wallet(_r.Tenant)), await market.PostedAsync("uakt", LedgerAccounts.Wallet(_r.Tenant))));
        Assert.Equal(0, await market.PostedAsync("uact.uakt", LedgerAccounts.Wallet(_r.Tenant)));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Refusals_name_the_numbers()
    {
        await PriceAsync();
        await _r.MintAsync(_r.Tenant, 100_000, "uakt");
        Assert.Equal("act.token_not_allowed", (await ConvertAsync(CreditDirection.Buy, "uact", 100_000)).Refusal!.Code);
        Assert.Equal("act.amount_min", (await ConvertAsync(CreditDirection.Buy, "uakt", 9_999)).Refusal!.Code);
        var moved = (await ConvertAsync(CreditDirection.Buy, "uakt", 100_000, minOut: 250_000)).Refusal!;
        Assert.Equal("act.price_moved", moved.Code);
        Assert.Contains(moved.Facts, static f => f is { Name: "out", Value: "248750" });
        Assert.Equal("ledger.insufficient_funds", (await ConvertAsync(CreditDirection.Buy, "uakt", 100_001)).Refusal!.Code);

        // The faucet's credit comes from nothing and goes back to nothing.
        await _r.MintAsync(_r.Tenant, 500_000);
        var unbacked = (await ConvertAsync(CreditDirection.Sell, "uakt", 100_000)).Refusal!;
        Assert.Equal("act.not_backed", unbacked.Code);
        Assert.Contains(unbacked.Facts, static f => f is { Name: "backed", Value: "0" });
        Assert.Equal(100_000, await market.PostedAsync("uakt", LedgerAccounts.Wallet(_r.Tenant)));
    }

    /// <summary>What was sent without a source is not sent again with one, nor the other way round: the ledger knows which of the two an id began.</summary>
    [Fact]
    public async Task A_transfer_sent_again_is_answered_alike_though_the_account_has_got_or_lost_its_source()
    {
        await PriceAsync();
        await _r.MintAsync(_r.Tenant, 1_000);
        var wallet = LedgerAccounts.Wallet(_r.Tenant);
        var friend = LedgerAccounts.Wallet(_r.Provider("friend"));
        var (plain, sourced) = ("t/" + _r.NewOperation(), "t/" + _r.NewOperation());
        var first = (await Account(wallet).SendAsync(plain, friend, 1_000, "")).Require();
        Assert.Equal([new SourcedCredit(null, 1_000)], first.Parts);

        await _r.MintAsync(_r.Tenant, 200_000, "uakt");
        (await ConvertAsync(CreditDirection.Buy, "uakt", 40_000)).Require();
        Assert.Equal("request.id_reused", (await Account(wallet).SendAsync(plain, friend, 999, "")).Refusal!.Code);
        Assert.Equal(first.Receipt, (await Account(wallet).SendAsync(plain, friend, 1_000, "")).Require().Receipt);
        Assert.Equal("request.id_reused", (await Account(wallet).SendAsync(plain, friend, 999, "")).Refusal!.Code);
        Assert.Equal((1_000, 0), (await market.PostedAsync("uact", friend), await market.PostedAsync("uact.uakt", friend)));

        var all = await market.PostedAsync("uact", wallet);
        var second = (await Account(wallet).SendAsync(sourced, friend, all, "")).Require();
        Assert.Equal([new SourcedCredit("uakt", all)], second.Parts);
        Assert.Equal(sourced, second.Receipt.Id);
        Assert.Equal(second.Receipt, (await Account(wallet).SendAsync(sourced, friend, all, "")).Require().Receipt);
        Assert.Equal("request.id_reused", (await Account(wallet).SendAsync(sourced, friend, 1, "")).Refusal!.Code);
        Assert.Equal((0, all + 1_000, all), (await market.PostedAsync("uact", wallet), await market.PostedAsync("uact", friend), await market.PostedAsync("uact.uakt", friend)));
        await market.AssertBooksCleanAsync();
    }

    /// <summary>Credit leaves with its source, in whatever pieces: source never stays behind without its credit.</summary>
    [Fact]
    public async Task Credit_keeps_its_source_through_transfers_of_any_size()
    {
        await PriceAsync();
        await _r.MintAsync(_r.Tenant, 200_000, "uakt");
        (await ConvertAsync(CreditDirection.Buy, "uakt", 40_000)).Require();
        await _r.MintAsync(_r.Tenant, 500);
        var wallet = LedgerAccounts.Wallet(_r.Tenant);
        var friend = LedgerAccounts.Wallet(_r.Provider("friend"));
        for (var i = 0; i < 40; i++)
        {
            (await Account(wallet).SendAsync("t/" + _r.NewOperation(), friend, i % 3 == 0 ? 1 : 97, "")).Require();
            Assert.True(await market.PostedAsync("uact.uakt", wallet) <= await market.PostedAsync("uact", wallet));
            Assert.Equal(99_500, await market.PostedAsync("uact.uakt", wallet) + await market.PostedAsync("uact.uakt", friend));
        }

        Assert.Equal(await market.PostedAsync("uact", friend) - 500, await market.PostedAsync("uact.uakt", friend));
        var id = "t/" + _r.NewOperation();
        var first = (await Account(wallet).SendAsync(id, friend, 10, "")).Require();
        Assert.Equal(first.Receipt, (await Account(wallet).SendAsync(id, friend, 10, "")).Require().Receipt);
    }

    /// <summary>The take fee of ACT is its source's: 4 % of what came from AKT, 20 % of what came from nothing or USDC.</summary>
    [Fact]
    public async Task A_lease_paid_in_credit_from_akt_pays_the_fee_of_akt_and_the_provider_can_take_akt_out()
    {
        await PriceAsync();
        var p = await _r.AddProviderAsync("p", null);
        await _r.MintAsync(_r.Tenant, 2_000_000, "uakt");
        (await ConvertAsync(CreditDirection.Buy, "uakt", 440_000)).Require();
        await _r.DeployAsync(purse: 0);
        await _r.Deployment.TickAsync();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p, "1000"))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        await _r.PassAsync(TimeSpan.FromSeconds(600));
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal(96_000, await _r.WalletAsync(p) - MarketRegion.Purse);
        Assert.Equal(96_000, await market.PostedAsync("uact.uakt", LedgerAccounts.Wallet(p)));
        Assert.Equal(1_094_500 - 100_000, await market.PostedAsync("uact.uakt", LedgerAccounts.Wallet(_r.Tenant)));
        Assert.Equal(0, await market.PostedAsync("uact.uakt", LedgerAccounts.Escrow(_r.Key)));
        Assert.Equal(38_208, (await Vault.ConvertAsync(_r.NewOperation(), new ConvertCredit(p, CreditDirection.Sell, "uakt", 96_000, 0))).Require().Out);
        await market.AssertBooksCleanAsync();
    }

    /// <summary>Every commit of the vault and the account is lost once, before or after it was written; money moves once.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_a_conversion_happens_once(StoreFault fault)
    {
        await PriceAsync();
        for (var lost = 1; ; lost++)
        {
            var region = market.NewRegion();
            await region.MintAsync(region.Tenant, 1_000_000, "uakt");
            var seen = 0;
            market.Store.Fault = point => point is { Call: StoreCall.Commit } && (point.Subject == "uact" || point.Subject.StartsWith("uact/wallet/" + region.Tenant, StringComparison.Ordinal))
                && Interlocked.Increment(ref seen) == lost ? fault : StoreFault.None;
            try
            {
                var (buy, sell) = (region.NewOperation(), region.NewOperation());
                await MarketRegion.AgainAsync(async () => (await Vault.ConvertAsync(buy, new ConvertCredit(region.Tenant, CreditDirection.Buy, "uakt", 100_000, 0))).Require());
                await MarketRegion.AgainAsync(async () => (await Vault.ConvertAsync(sell, new ConvertCredit(region.Tenant, CreditDirection.Sell, "uakt", 99_000, 0))).Require());
            }
            finally
            {
                market.Store.Fault = null;
            }

            var wallet = LedgerAccounts.Wallet(region.Tenant);
            Assert.Equal((248_750L - 99_000, 248_750L - 99_000), (await market.PostedAsync("uact", wallet), await market.PostedAsync("uact.uakt", wallet)));
            Assert.Equal(1_000_000 - 100_000 + 39_402, await market.PostedAsync("uakt", wallet));
            Assert.Equal(0, (await market.LedgerOf("uakt").GetBalanceAsync(wallet)).Held + (await market.Ledger.GetBalanceAsync(wallet)).Held);
            Assert.False((await Vault.GetAsync()).Unfinished);
            if (seen < lost)
            {
                Assert.InRange(lost, 6, 12);
                break;
            }
        }

        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_fallen_price_halts_minting_and_other_tokens_are_given_back_only_as_they_came()
    {
        await PriceAsync();
        await _r.MintAsync(_r.Tenant, 100_000_000, "uusdc");
        Assert.Equal(50_000_000, (await ConvertAsync(CreditDirection.Buy, "uusdc", 50_000_000)).Require().Out);
        var oracle = market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);
        (await oracle.SetFeederAsync(_r.NewOperation(), "id_feeder", true, "op")).Require();
        (await oracle.PostAsync(_r.NewOperation(), new PostPrice("uusdc", "id_feeder", "0.85", null))).Require();
        var halted = (await ConvertAsync(CreditDirection.Buy, "uusdc", 1_000_000)).Refusal!;
        Assert.Equal("act.halted", halted.Code);
        Assert.Contains(halted.Facts, static f => f is { Name: "collateralBps", Value: "8500" });
        Assert.Equal("act.vault_short", (await ConvertAsync(CreditDirection.Sell, "uusdc", 50_000_000)).Refusal!.Code);
        Assert.Equal(11_764_705, (await ConvertAsync(CreditDirection.Sell, "uusdc", 10_000_000)).Require().Out);
    }

    private ICreditAccountGrain Account(string account) => market.Grains.GetGrain<ICreditAccountGrain>(CreditLedgers.AccountKey("uact", account));

    private Task<Result<CreditConversion>> ConvertAsync(CreditDirection direction, string token, long amount, long minOut = 0) =>
        Vault.ConvertAsync(_r.NewOperation(), new ConvertCredit(_r.Tenant, direction, token, amount, minOut));

    private async Task PriceAsync(string usd = "2.5")
    {
        market.Time.Advance(TimeSpan.FromSeconds(1));
        var oracle = market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);
        (await oracle.SetFeederAsync(_r.NewOperation(), "id_feeder", true, "op")).Require();
        (await oracle.PostAsync(_r.NewOperation(), new PostPrice("uakt", "id_feeder", usd, null))).Require();
        (await oracle.ConfirmAsync(_r.NewOperation(), "uakt", usd, "op")).Require();
    }
}
