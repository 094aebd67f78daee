using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>The end of a deployment, of which every step may be cut short.</summary>
public sealed class ClosingTests(Market market) : IClassFixture<Market>
{
    /// <summary>The wish, lease, node, lease, escrow twice, the end: seven change sets, any of which is lost once.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public Task Whatever_commit_is_lost_a_closed_deployment_leaves_nothing_booked_held_or_owed(StoreFault fault) => EachCommit.IsLostOnceAsync(market, fault, 7, 7, async time =>
    {
        var region = time.Region;
        var provider = await region.AddProviderAsync("a", "1.60");
        await region.MintAsync(region.Tenant, MarketRegion.Purse);
        (await region.Deployment.CreateAsync(new CreateDeployment(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, WinnerRule.Lowest))).Require();
        await region.Deployment.TickAsync();
        Assert.Equal(LeaseStatus.Active, (await region.LeaseAsync()).Status);
        market.Time.Advance(TimeSpan.FromMinutes(10));
        var (operation, node) = (region.NewOperation(), region.NodeId("a"));
        await time.DuringAsync(
            subject => subject.StartsWith(region.Key, StringComparison.Ordinal) || subject == node,
            async () =>
            {
                await MarketRegion.AgainAsync(async () => (await region.Deployment.CloseAsync(operation, region.Tenant)).Require());
                for (var i = 0; i < 5 && (await MarketRegion.AgainAsync(async () => await region.Deployment.GetAsync())).Require().Status != DeploymentStatus.Closed; i++)
                {
                    market.Time.Advance(TimeSpan.FromMinutes(1));
                    await MarketRegion.AgainAsync(async () => await region.Deployment.TickAsync());
                }
            });

        var closed = (await region.Deployment.GetAsync()).Require();
        Assert.Equal((DeploymentStatus.Closed, BidStatus.Closed), (closed.Status, Assert.Single(closed.Groups[0].Order.Bids).Status));
        Assert.Equal(LeaseStatus.Closed, (await region.LeaseAsync()).Status);
        Assert.Equal(EscrowStatus.Closed, (await region.Escrow.GetAsync()).Require().Status);
        Assert.Empty((await region.Node("a").GetAsync()).Require().Reservations);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(provider))).Held);
        Assert.Equal(0, (await market.Ledger.GetBalanceAsync(LedgerAccounts.Escrow(region.Key))).Posted);
        Assert.True(await region.WalletAsync(provider) > MarketRegion.Purse, "the provider was paid nothing");
        var told = (await market.Store.ReadAsync(0, "deployment/" + region.Key, 100)).Events.Select(static e => e.Type).ToArray();
        Assert.Equal(["lease.closed", "bid.closed", "order.closed", "deployment.closed"], told[^4..]);
        Assert.Equal(told.Distinct(), told);
    });
}
