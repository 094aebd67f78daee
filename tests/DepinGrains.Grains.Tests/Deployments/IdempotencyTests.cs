using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>
/// What an idempotency key promises: the answer of a command that began to act is its answer for ever, a refusal too; a refusal of one that wrote nothing leaves no trace, and the command is judged
/// anew. One effect at most, either way.
/// </summary>
public sealed class IdempotencyTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_bid_whose_deposit_was_not_there_wrote_nothing_and_is_judged_anew()
    {
        var p = await _r.AddProviderAsync("p", null, purse: 0);
        await _r.DeployAsync();
        var operation = _r.NewOperation();
        var refused = (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p))).Refusal!;
        Assert.Equal("bid.deposit_unfunded", refused.Code);
        Assert.Equal(["500000", "0", "uact"], refused.Facts.Select(static f => f.Value));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);
        await _r.MintAsync(p, MarketRegion.Purse);
        await market.RestartAsync();
        (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p))).Require();
        Assert.Equal("request.id_reused", (await _r.Deployment.BidAsync(operation, MarketRegion.Bid(p, "800"))).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse - MarketRegion.BidDeposit, await _r.WalletAsync(p));
    }

    [Fact]
    public async Task A_deposit_the_ledger_refused_stays_refused_under_its_key()
    {
        await _r.DeployAsync(purse: 1_000_000);
        var operation = _r.NewOperation();
        Assert.Equal("ledger.insufficient_funds", (await _r.Deployment.DepositAsync(operation, _r.Tenant, 5)).Refusal!.Code);
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        Assert.Equal("ledger.insufficient_funds", (await _r.Deployment.DepositAsync(operation, _r.Tenant, 5)).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(_r.Tenant));
        (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 5)).Require();
    }

    [Fact]
    public async Task A_command_refused_before_it_wrote_anything_is_judged_anew_and_acts_once()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(winner: WinnerRule.Pick);
        var close = _r.NewOperation();
        Assert.Equal("bid.not_found", (await _r.Deployment.CloseBidAsync(close, p, 1, 1, 10_002)).Refusal!.Code);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        (await _r.Deployment.CloseBidAsync(close, p, 1, 1, 10_002)).Require();
        Assert.Equal(BidStatus.Closed, Assert.Single((await _r.GroupAsync()).Order.Bids).Status);

        // Its second bid is not the one that command was for.
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        (await _r.Deployment.CloseBidAsync(close, p, 1, 1, 10_002)).Require();
        Assert.Contains((await _r.GroupAsync()).Order.Bids, static b => b.Status == BidStatus.Open);
        Assert.Equal(MarketRegion.BidDeposit, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(p))).Held);
    }
}
