using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Pool;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;
using DepinGrains.Storage.InMemory;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Tests.Pool;

/// <summary>Proposals: who must approve, when they execute, once whatever is lost.</summary>
public sealed class ProposalTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_proposal_executes_after_its_delay_and_not_before()
    {
        await FillAsync("uakt", 1_000);
        var proposal = Proposal(_r, "fund");
        var made = (await proposal.ProposeAsync("op1", Body(_r, 700))).Require();
        Assert.Equal((ProposalStatus.Approved, market.Time.GetUtcNow().AddSeconds(60)), (made.Status, made.ExecuteAt!.Value));
        await market.SweepAsync();
        Assert.Equal(0, await PaidAsync(_r));
        market.Time.Advance(TimeSpan.FromSeconds(60));
        await market.SweepAsync();
        await market.SweepAsync();
        Assert.Equal(ProposalStatus.Executed, (await proposal.GetAsync()).Require().Status);
        Assert.Equal(700, await PaidAsync(_r));
        Assert.Equal("pool.proposal_wrong_state", (await proposal.CancelAsync(_r.NewOperation(), "op1")).Refusal!.Code);
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_cancelled_one_moves_nothing_and_an_empty_pool_fails_with_the_ledgers_numbers()
    {
        var cancelled = Proposal(_r, "c");
        (await cancelled.ProposeAsync("op1", Body(_r, 5))).Require();
        (await cancelled.CancelAsync(_r.NewOperation(), "op2")).Require();
        var dear = Proposal(_r, "d");
        (await dear.ProposeAsync("op1", Body(_r, 1_000_000_000_000))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(61));
        await market.SweepAsync();
        var failed = (await dear.GetAsync()).Require();
        Assert.Equal((ProposalStatus.Failed, "ledger.insufficient_funds"), (failed.Status, failed.Problem!.Code));
        Assert.Equal(ProposalStatus.Cancelled, (await cancelled.GetAsync()).Require().Status);
        Assert.Equal(0, await PaidAsync(_r));
    }

    /// <summary>Every commit of an incentive's proposal is lost once; its three instalments are paid once each.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_an_incentive_is_paid_once(StoreFault fault)
    {
        for (var lost = 1; ; lost++)
        {
            var region = market.NewRegion();
            await FillAsync("uakt", 100);
            var proposal = Proposal(region, "i");
            var seen = 0;
            market.Store.Fault = point => point is { Call: StoreCall.Commit } && point.Subject.StartsWith(region.Tenant, StringComparison.Ordinal) && Interlocked.Increment(ref seen) == lost ? fault : StoreFault.None;
            try
            {
                await MarketRegion.AgainAsync(async () => (await proposal.ProposeAsync("op1", Body(region, 100) with { Kind = ProposalKind.Incentive, Instalments = 3, EverySeconds = 10 })).Require());
                market.Time.Advance(TimeSpan.FromSeconds(60));
                for (var i = 0; i < 6; i++)
                {
                    await market.SweepAsync();
                    market.Time.Advance(TimeSpan.FromSeconds(10));
                }
            }
            finally
            {
                market.Store.Fault = null;
            }

            Assert.Equal((ProposalStatus.Executed, 3), ((await proposal.GetAsync()).Require().Status, (await proposal.GetAsync()).Require().Paid));
            Assert.Equal(100, await PaidAsync(region));
            if (seen < lost)
            {
                Assert.InRange(lost, 5, 9);
                break;
            }
        }

        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task A_take_fee_changes_by_two_operators_proposal_and_burning_lowers_supply()
    {
        var network = market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network);
        (await network.SetAsync(_r.NewOperation(), new SetParameter("pool.approvals_min", 2, null, "op1"))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(6));
        try
        {
            var proposal = Proposal(_r, "p");
            Assert.Equal(ProposalStatus.Proposed, (await proposal.ProposeAsync("op1", new ProposalBody(ProposalKind.Parameter, "less", Parameter: "take_fee.uakt", Value: 300))).Require().Status);
            Assert.Equal("pool.approved_before", (await proposal.ApproveAsync(_r.NewOperation(), "op1")).Refusal!.Code);
            Assert.Equal(ProposalStatus.Approved, (await proposal.ApproveAsync(_r.NewOperation(), "op2")).Require().Status);
            market.Time.Advance(TimeSpan.FromSeconds(60));
            await market.SweepAsync();
            Assert.Equal(ProposalStatus.Executed, (await proposal.GetAsync()).Require().Status);
            market.Time.Advance(TimeSpan.FromSeconds(6));
            var reader = new NetworkParameters(market.Store, new NetworkClock(Options.Create(new NetworkOptions()), market.Time), Options.Create(new ParameterOptions()));
            Assert.Equal(300, (await reader.NowAsync()).Of("take_fee", "uakt"));
            Assert.Equal("parameter.out_of_range", (await Proposal(_r, "q").ProposeAsync("op1", new ProposalBody(ProposalKind.Parameter, "x", Parameter: "take_fee.uakt", Value: 10_001))).Refusal!.Code);

            await FillAsync("uact", 1_000);
            var supply = await market.PostedAsync("uact", "issuance");
            var burn = Proposal(_r, "b");
            (await burn.ProposeAsync("op1", new ProposalBody(ProposalKind.Burn, "burn", "ACT", 1_000))).Require();
            (await burn.ApproveAsync(_r.NewOperation(), "op2")).Require();
            market.Time.Advance(TimeSpan.FromSeconds(60));
            await market.SweepAsync();
            Assert.Equal(supply + 1_000, await market.PostedAsync("uact", "issuance"));
        }
        finally
        {
            (await network.SetAsync(_r.NewOperation(), new SetParameter("pool.approvals_min", 1, null, "op1"))).Require();
            market.Time.Advance(TimeSpan.FromSeconds(6));
        }
    }

    [Fact]
    public async Task Without_approvals_it_expires()
    {
        var network = market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network);
        (await network.SetAsync(_r.NewOperation(), new SetParameter("pool.approvals_min", 2, null, "op1"))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(6));
        var proposal = Proposal(_r, "e");
        (await proposal.ProposeAsync("op1", Body(_r, 5))).Require();
        (await network.SetAsync(_r.NewOperation(), new SetParameter("pool.approvals_min", 1, null, "op1"))).Require();
        market.Time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(ProposalStatus.Expired, (await proposal.GetAsync()).Require().Status);
        Assert.Equal("pool.proposal_wrong_state", (await proposal.ApproveAsync(_r.NewOperation(), "op2")).Refusal!.Code);
    }

    private IProposalGrain Proposal(MarketRegion region, string name) => market.Grains.GetGrain<IProposalGrain>($"{region.Tenant}/prop_{name}");

    private static ProposalBody Body(MarketRegion region, long amount) => new(ProposalKind.Fund, "for good work", "uakt", amount, region.Provider("w"));

    private Task<long> PaidAsync(MarketRegion region) => market.PostedAsync("uakt", LedgerAccounts.Wallet(region.Provider("w")));

    private async Task FillAsync(string token, long amount) =>
        (await market.LedgerOf(token).ExecuteAsync(Ops.Mint("fill/" + market.NewRegion().NewOperation(), LedgerAccounts.CommunityPool, amount))).Require();
}
