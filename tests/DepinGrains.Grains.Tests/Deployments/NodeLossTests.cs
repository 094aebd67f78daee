using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Tests.Nodes;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>What becomes of the leases of a node that went silent where the network closes them instead of listing them again (<c>Deployments:RelistOnNodeLoss=false</c>).</summary>
public sealed class NodeLossTests : IAsyncLifetime
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(6);

    private readonly Market _market = new() { Deployments = static o => o.RelistOnNodeLoss = false };
    private MarketRegion _r = null!;

    public async ValueTask InitializeAsync()
    {
        await _market.InitializeAsync();
        _r = _market.NewRegion();
    }

    public ValueTask DisposeAsync() => _market.DisposeAsync();

    [Fact]
    public async Task A_lease_of_a_lost_node_ends_paid_to_the_block_its_group_waits_for_its_owner_and_says_why()
    {
        var provider = await _r.LeasedAsync();
        var lease = (await _r.GroupAsync()).Order.LeaseId!;
        _market.Time.Advance(100 * Block);
        await LoseAsync();
        await _market.SweepAsync();

        var why = $"node {_r.NodeId("p")} went silent";
        var closed = await _r.LeaseAsync(lease);
        Assert.Equal((LeaseStatus.Closed, LeaseCloseReasons.Unstable, why), (closed.Status, closed.CloseReason, closed.CloseDetail));
        var view = await _r.ViewAsync();
        Assert.Equal((DeploymentStatus.Active, GroupStatus.Paused, OrderStatus.Closed, 1), (view.Status, view.Groups[0].Status, view.Groups[0].Order.Status, view.Groups[0].Order.Oseq));
        Assert.Equal(("order.ended", why), (view.Groups[0].Order.Problem!.Code, view.Groups[0].Order.Problem!.Detail));

        // 100 blocks at 1,000, a fifth of it the network's; the provider has its deposit again, the node its room.
        Assert.Equal(MarketRegion.Purse + 80_000, await _r.WalletAsync(provider));
        Assert.Equal(0, (await _market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(provider))).Held);
        Assert.Equal(20_000, await _market.PostedAsync("uact", LedgerAccounts.CommunityPool));
        Assert.Empty((await _r.Node("p").GetAsync()).Require().Reservations);

        // The tenant's money waits in the escrow, and nobody is paid any more, however long and whatever comes back.
        (await _r.Node("p").ConnectAsync("back", Samples.Hardware())).Require();
        await _r.PassAsync(1_000 * Block);
        await _market.SweepAsync();
        var escrow = (await _r.Escrow.SettleAsync()).Require();
        Assert.Equal((EscrowStatus.Open, 900_000, 100_000), (escrow.Status, escrow.Funds, escrow.CostSoFar));
        Assert.Equal((GroupStatus.Paused, 1), ((await _r.GroupAsync()).Status, (await _r.GroupAsync()).Order.Oseq));
        Assert.Equal("order.not_found", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(provider, "1000", oseq: 2))).Refusal!.Code);
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Its_owner_starts_the_group_again_or_takes_the_rest_of_the_money()
    {
        var provider = await _r.LeasedAsync();
        _market.Time.Advance(10 * Block);
        await LoseAsync();
        await _market.SweepAsync();
        (await _r.Node("p").ConnectAsync("back", Samples.Hardware())).Require();
        (await _r.Deployment.ChangeGroupAsync(_r.NewOperation(), _r.Tenant, 1, GroupAction.Start)).Require();
        (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(provider, "1000", oseq: 2))).Require();
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        _market.Time.Advance(10 * Block);
        await LoseAsync();
        await _market.SweepAsync();
        Assert.Equal((GroupStatus.Paused, 2), ((await _r.GroupAsync()).Status, (await _r.GroupAsync()).Order.Oseq));
        Assert.Equal(DeploymentStatus.Closed, (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require().Status);
        Assert.Equal(MarketRegion.Purse - 20_000, await _r.WalletAsync(_r.Tenant));
        await _market.AssertBooksCleanAsync();
    }

    /// <summary>The liveness shard found the node silent; nobody told its deployments yet.</summary>
    private async Task LoseAsync() =>
        (await _r.Node("p").MarkOfflineAsync((await _r.Node("p").GetAsync()).Require().Session, _market.Time.GetUtcNow())).Require();
}
