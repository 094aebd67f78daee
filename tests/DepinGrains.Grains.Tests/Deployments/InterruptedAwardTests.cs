using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Awards that are cut short, and what is said of them meanwhile.</summary>
public sealed class InterruptedAwardTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task What_was_wrong_with_one_bid_is_no_answer_to_the_choice_of_another()
    {
        var (p, q) = await TwoBidsAsync();
        market.Time.Advance(TimeSpan.FromMinutes(6));
        (await _r.Node("p").ReserveAsync("other", Samples.Demand(Samples.Slot(cpu: 7_500)), market.Time.GetUtcNow().AddMinutes(2))).Require();
        var first = _r.NewOperation();
        Assert.Equal("node.insufficient_cpu", (await AcceptAsync(first, p)).Refusal!.Code);
        var second = _r.NewOperation();
        var cut = await CutAsync("q", () => AcceptAsync(second, q));
        Assert.Null(cut.Require().Groups[0].Order.Problem);
        await _r.PassAsync(TimeSpan.FromSeconds(5));
        Assert.EndsWith(q, (await AcceptAsync(second, q)).Require().Groups[0].Order.LeaseId, StringComparison.Ordinal);

        // The first one's answer stays what it was, and another body under its key is refused.
        Assert.Equal("node.insufficient_cpu", (await AcceptAsync(first, p)).Refusal!.Code);
        Assert.Equal("request.id_reused", (await AcceptAsync(first, q)).Refusal!.Code);
        Assert.Equal("request.id_reused", (await AcceptAsync(second, p)).Refusal!.Code);
    }

    [Fact]
    public async Task A_bid_that_is_being_awarded_is_closed_when_it_is_known_what_it_became()
    {
        var (p, _) = await TwoBidsAsync();
        market.Time.Advance(TimeSpan.FromMinutes(6));
        var close = _r.NewOperation();
        var refused = await CutAsync("p", async () =>
        {
            await AcceptAsync(_r.NewOperation(), p);
            return await CloseAsync();
        });
        Assert.Equal("bid.award_in_flight", refused.Refusal!.Code);

        // Who only takes bids back leaves the lease it became alone.
        Assert.Equal("bid.not_open", (await _r.Deployment.CloseBidAsync(_r.NewOperation(), p, 1, 1, LeaseCloseReasons.Decommission, onlyOpen: true)).Refusal!.Code);
        Assert.Equal(OrderStatus.Active, (await _r.GroupAsync()).Order.Status);
        (await CloseAsync()).Require();
        var order = (await _r.GroupAsync()).Order;
        Assert.Equal(OrderStatus.Closed, order.Status);
        var lease = await _r.LeaseAsync(order.LeaseId!);
        Assert.Equal((LeaseStatus.Closed, LeaseCloseReasons.Decommission), (lease.Status, lease.CloseReason));

        Task<Contracts.Common.Result<DeploymentView>> CloseAsync() => _r.Deployment.CloseBidAsync(close, p, 1, 1, LeaseCloseReasons.Decommission);
    }

    [Fact]
    public async Task An_award_that_is_paid_already_is_finished_though_its_provider_is_leaving_by_now()
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        var lease = $"{_r.Key}/1/1/{p}";
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == lease ? StoreFault.FailBefore : StoreFault.None;
        try
        {
            // The payment is open, the lease is not.
            Assert.Null((await AcceptAsync(_r.NewOperation(), p)).Require().Groups[0].Order.LeaseId);
            Assert.Equal(lease, Assert.Single((await _r.Escrow.GetAsync()).Require().Payments).Id);
            var commits = 0;
            market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == p && Interlocked.Increment(ref commits) == 2 ? StoreFault.FailBefore : StoreFault.None;
            await Assert.ThrowsAnyAsync<Exception>(() => market.Grains.GetGrain<Contracts.Providers.IProviderGrain>(p).DeleteAsync(_r.NewOperation()));
        }
        finally
        {
            market.Store.Fault = null;
        }

        Assert.Equal(lease, (await _r.PassAsync(TimeSpan.FromSeconds(5))).Groups[0].Order.LeaseId);
        Assert.Equal(LeaseStatus.Active, (await _r.LeaseAsync(lease)).Status);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal(DeploymentStatus.Closed, (await _r.ViewAsync()).Status);
        Assert.Equal(0, await market.PostedAsync("uact", Contracts.Ledgers.LedgerAccounts.Escrow(_r.Key)));
    }

    [Fact]
    public async Task An_award_that_is_paid_already_and_whose_host_name_is_gone_ends_its_lease()
    {
        var p = await _r.AddProviderAsync("p", null);
        var host = _r.Name + ".example.org";
        await _r.DeployAsync(_r.SdlAt(host), winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        var lease = $"{_r.Key}/1/1/{p}";
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == lease ? StoreFault.FailBefore : StoreFault.None;
        Assert.Null((await AcceptAsync(_r.NewOperation(), p)).Require().Groups[0].Order.LeaseId);
        market.Store.Fault = null;

        // As after a backup of names that is older than the deployment's row.
        var name = market.Grains.GetGrain<IHostnameGrain>(host);
        await name.ReleaseAsync(_r.Key);
        (await name.ClaimAsync("id_other/1")).Require();
        await _r.PassAsync(TimeSpan.FromSeconds(5));
        var group = await _r.GroupAsync();
        Assert.Equal((GroupStatus.Paused, OrderStatus.Closed, lease), (group.Status, group.Order.Status, group.Order.LeaseId));
        Assert.Equal((LeaseStatus.Closed, LeaseCloseReasons.ManifestRefused), ((await _r.LeaseAsync(lease)).Status, (await _r.LeaseAsync(lease)).CloseReason));
        Assert.All((await _r.Escrow.GetAsync()).Require().Payments, static payment => Assert.Equal(Contracts.Escrow.EscrowPaymentStatus.Closed, payment.Status));
    }

    [Theory]
    [InlineData("lease")]
    [InlineData("node")]
    public async Task An_award_rests_while_another_grain_reloads_and_is_taken_up_again_by_itself(string grain)
    {
        var p = await _r.AddProviderAsync("p", null);
        await _r.DeployAsync(winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(p))).Require();
        var subject = grain == "lease" ? $"{_r.Key}/1/1/{p}" : _r.NodeId("p");
        var lost = 0;
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == subject && Interlocked.Increment(ref lost) == 1 ? StoreFault.Conflict : StoreFault.None;
        Contracts.Common.Result<DeploymentView> answer;
        try
        {
            answer = await AcceptAsync(_r.NewOperation(), p);
        }
        finally
        {
            market.Store.Fault = null;
        }

        // The choice is written: it is answered, and when it is to be looked at again stands in the row.
        Assert.True(lost > 0);
        Assert.Null(answer.Require().Groups[0].Order.LeaseId);
        var row = RowKind<DeploymentState>.Read((await market.Store.ReadAsync(RowId.Root("deployment", _r.Key)))!);
        Assert.InRange(row.NextActionAt!.Value - market.Time.GetUtcNow(), TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
        market.Time.Advance(TimeSpan.FromMinutes(1));
        await market.SweepAsync();
        Assert.EndsWith(p, (await _r.GroupAsync()).Order.LeaseId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_came_back_before_the_sweep_got_there_keeps_its_lease()
    {
        await _r.LeasedAsync();
        var lease = (await _r.GroupAsync()).Order.LeaseId!;
        (await _r.Deployment.NodeLostAsync(lease, _r.NodeId("p"))).Require();
        Assert.Equal(LeaseStatus.Active, (await _r.LeaseAsync(lease)).Status);
        var session = (await _r.Node("p").ConnectAsync("again", Samples.Hardware())).Require().Session;
        (await _r.Node("p").MarkOfflineAsync(session, market.Time.GetUtcNow())).Require();
        (await _r.Deployment.NodeLostAsync(lease, _r.NodeId("p"))).Require();
        Assert.Equal(LeaseStatus.Closed, (await _r.LeaseAsync(lease)).Status);
    }

    private Task<Contracts.Common.Result<DeploymentView>> AcceptAsync(string operation, string provider) => _r.Deployment.AcceptBidAsync(operation, _r.Tenant, 1, 1, provider);

    private async Task<(string P, string Q)> TwoBidsAsync()
    {
        var bidders = (P: await _r.AddProviderAsync("p", null), Q: await _r.AddProviderAsync("q", null));
        await _r.DeployAsync(winner: WinnerRule.Pick);
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(bidders.P))).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(bidders.Q))).Require();
        return bidders;
    }

    /// <summary>While a node cannot write, no award gets past it.</summary>
    private async Task<T> CutAsync<T>(string who, Func<Task<T>> during)
    {
        var node = _r.NodeId(who);
        market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == node ? StoreFault.Unavailable : StoreFault.None;
        try
        {
            return await during();
        }
        finally
        {
            market.Store.Fault = null;
        }
    }
}
