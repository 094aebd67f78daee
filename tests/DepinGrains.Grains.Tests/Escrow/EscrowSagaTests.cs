using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Escrow;

/// <summary>Money moves once however often a step is taken: repeated commands, lost commits, processes that go away in between.</summary>
public sealed class EscrowSagaTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task An_overtaken_activation_that_does_not_know_a_payment_does_not_say_that_it_is_closed()
    {
        await _r.MintAsync(_r.Tenant, 1_000_000, "uakt");
        (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uakt", 1_000_000)).Require();
        await using var second = await market.SecondAsync();
        var stale = second.Grains.GetGrain<IEscrowGrain>(_r.Key);
        Assert.Empty((await stale.GetAsync()).Require().Payments);
        (await _r.Escrow.OpenPaymentAsync("lease/1", $"id_payee_{_r.Name}", "100")).Require();
        await MarketRegion.AgainAsync(async () => (await stale.ClosePaymentAsync("lease/1")).Require());
        Assert.Equal(EscrowPaymentStatus.Closed, Assert.Single((await stale.GetAsync()).Require().Payments).Status);
    }

    [Fact]
    public async Task The_same_creation_twice_takes_one_deposit_and_another_body_is_refused()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var command = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest);
        (await _r.Deployment.CreateAsync(command)).Require();
        (await _r.Deployment.CreateAsync(command)).Require();
        Assert.Equal(MarketRegion.Purse - 1_000_000, await _r.WalletAsync(_r.Tenant));
        Assert.Equal("request.id_reused", (await _r.Deployment.CreateAsync(command with { Deposit = 2_000_000 })).Refusal!.Code);
        Assert.Equal("deployment.dseq_taken", (await _r.Deployment.CreateAsync(command with { OperationId = _r.NewOperation() })).Refusal!.Code);
    }

    [Fact]
    public async Task Opening_an_escrow_twice_under_one_id_credits_it_once()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var operation = _r.NewOperation();
        (await _r.Escrow.OpenAsync(operation, _r.Tenant, "uact", 1_000_000)).Require();
        Assert.Equal(1_000_000, (await _r.Escrow.OpenAsync(operation, _r.Tenant, "uact", 1_000_000)).Require().Funds);
        Assert.Equal(1_000_000, (await _r.Escrow.GetAsync()).Require().Funds);
        Assert.Equal(1_000_000, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Escrow(_r.Key))).Posted);
    }

    [Fact]
    public async Task Two_closes_refund_once()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uact", 1_000_000)).Require();
        var both = await Task.WhenAll(_r.Escrow.CloseAsync(), _r.Escrow.CloseAsync());
        Assert.All(both, static c => Assert.Equal(EscrowStatus.Closed, c.Require().Status));
        Assert.Equal(MarketRegion.Purse, await _r.WalletAsync(_r.Tenant));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task The_same_deposit_twice_is_taken_once_and_another_amount_under_its_key_is_refused()
    {
        await _r.DeployAsync();
        var operation = _r.NewOperation();
        (await _r.Deployment.DepositAsync(operation, _r.Tenant, 300_000)).Require();
        (await _r.Deployment.DepositAsync(operation, _r.Tenant, 300_000)).Require();
        Assert.Equal("request.id_reused", (await _r.Deployment.DepositAsync(operation, _r.Tenant, 400_000)).Refusal!.Code);
        Assert.Equal(MarketRegion.Purse - 1_300_000, await _r.WalletAsync(_r.Tenant));
        Assert.Equal(1_300_000, (await _r.Escrow.GetAsync()).Require().Funds);
    }

    [Fact]
    public async Task A_deployment_without_money_for_its_deposit_answers_the_refusal_for_ever()
    {
        await _r.MintAsync(_r.Tenant, 10);
        var command = new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest);
        var refused = (await _r.Deployment.CreateAsync(command)).Refusal!;
        Assert.StartsWith("ledger.", refused.Code, StringComparison.Ordinal);
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        Assert.Equal(refused.Code, (await _r.Deployment.CreateAsync(command)).Refusal!.Code);
        Assert.Equal(DeploymentStatus.Closed, (await _r.ViewAsync()).Status);
        Assert.Equal(MarketRegion.Purse + 10, await _r.WalletAsync(_r.Tenant));
    }

    /// <summary>Every commit of the deployment, its escrow, its lease and its node is lost once, before or after it was written; the process goes away and the sweep's call finishes the saga.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_the_life_of_a_deployment_ends_with_all_money_where_it_belongs(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 9, 60, async time =>
    {
        var region = time.Region;
        var p = await region.AddProviderAsync("p", null);
        await region.MintAsync(region.Tenant, MarketRegion.Purse);
        await time.DuringAsync(subject => subject.StartsWith(region.Key, StringComparison.Ordinal) || subject == region.NodeId("p"), () => LifeAsync(region, p));

        Assert.Equal(DeploymentStatus.Closed, (await region.ViewAsync()).Status);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Escrow(region.Key))).Posted);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(p))).Held);
        Assert.Empty((await region.Node("p").GetAsync()).Require().Reservations);
        var spent = MarketRegion.Purse - await region.WalletAsync(region.Tenant);
        var earned = await region.WalletAsync(p) - MarketRegion.Purse;
        Assert.InRange(spent, 10_000, 25_000);
        Assert.Equal(spent * 8 / 10, earned);
    });

    [Fact]
    public async Task A_process_that_goes_away_leaves_a_lease_that_goes_on()
    {
        await _r.LeasedAsync();
        var lease = (await _r.GroupAsync()).Order.LeaseId!;
        await market.RestartAsync();
        Assert.Equal(lease, (await _r.GroupAsync()).Order.LeaseId);
        await _r.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(10_000, (await _r.Escrow.GetAsync()).Require().CostSoFar);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal(MarketRegion.Purse - 10_000, await _r.WalletAsync(_r.Tenant));
    }

    /// <summary>Create, bid, award, ten blocks, close; every command is sent again until it is answered, as a client does.</summary>
    private async Task LifeAsync(MarketRegion region, string provider)
    {
        var create = new CreateDeployment(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, WinnerRule.Lowest);
        await MarketRegion.AgainAsync(async () => (await region.Deployment.CreateAsync(create)).Require());
        var bid = region.NewOperation();
        await MarketRegion.AgainAsync(async () => (await region.Deployment.BidAsync(bid, MarketRegion.Bid(provider, "1000"))).Require());
        market.Time.Advance(TimeSpan.FromSeconds(12));
        for (var i = 0; i < 5 && await LeaseIdAsync(region) is null; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
            market.Time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.NotNull(await LeaseIdAsync(region));
        market.Time.Advance(TimeSpan.FromSeconds(60));
        var close = region.NewOperation();
        await MarketRegion.AgainAsync(async () => (await region.Deployment.CloseAsync(close, region.Tenant)).Require());
        for (var i = 0; i < 5 && (await region.ViewAsync()).Status != DeploymentStatus.Closed; i++)
        {
            await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
        }
    }

    private static async Task<string?> LeaseIdAsync(MarketRegion region)
    {
        string? lease = null;
        await MarketRegion.AgainAsync(async () => lease = (await region.GroupAsync()).Order.LeaseId);
        return lease;
    }
}
