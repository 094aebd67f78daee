using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;

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
