using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Tests.Nodes;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>There is no network between nodes: services that name each other in <c>expose</c> get one node, or no bid.</summary>
public sealed class LinkedServicesTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    /// <summary>Each of the provider's nodes has four cores; web wants three and its database two.</summary>
    [Fact]
    public async Task Services_that_reach_each_other_share_a_node_and_who_has_none_for_all_does_not_bid()
    {
        var apart = await SellAsync("apart", "1", cores: 4);
        var roomy = await SellAsync("roomy", "5", cores: 6);
        await _r.DeployAsync(Pair(linked: true));
        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.EndsWith(roomy, order.LeaseId, StringComparison.Ordinal);
        Assert.Equal(["db", "web"], (await _r.Node("roomy").GetDesiredStateAsync()).Workloads.Select(static w => w.Service).Order());
        var why = (await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts.First(v => v.Provider == apart && v.Node is null);
        Assert.Equal(("inventory.no_common_node", "one node for db/0, web/0"), (why.Rule, why.Wanted));
    }

    [Fact]
    public async Task Services_that_do_not_may_lie_apart_and_an_update_cannot_tie_them_then()
    {
        await SellAsync("apart", "1", cores: 4);
        await _r.DeployAsync(Pair(linked: false));
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        Assert.Equal("db", Assert.Single((await _r.Node("apart").GetDesiredStateAsync()).Workloads).Service);
        Assert.Equal("web", Assert.Single((await Second("apart").GetDesiredStateAsync()).Workloads).Service);

        var refusal = (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, Pair(linked: true))).Refusal!;
        Assert.Equal("deployment.resources_changed", refusal.Code);
        Assert.Contains("services on one node", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_may_loosen_the_tie()
    {
        await SellAsync("roomy", "5", cores: 6);
        await _r.DeployAsync(Pair(linked: true));
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, Pair(linked: false))).Require();
    }

    private INodeGrain Second(string who) => market.Grains.GetGrain<INodeGrain>(_r.NodeId(who) + "b");

    /// <summary>A provider with two nodes of so many cores each.</summary>
    private async Task<string> SellAsync(string who, string usd, int cores)
    {
        var id = await _r.AddProviderAsync(who, usd, online: false);
        (await Second(who).JoinAsync(_r.NewOperation(), Samples.Registration(provider: id, key: id + "b"))).Require();
        foreach (var node in (INodeGrain[])[_r.Node(who), Second(who)])
        {
            (await node.ConnectAsync("boot", Samples.Hardware(cores * 1_000))).Require();
        }

        return id;
    }

    /// <summary>Linked: web reaches the database by its name.</summary>
    private string Pair(bool linked) => $"""
        version: "2.0"
        services:
          web:
            image: nginx:1.25
            expose:
              - port: 80
                to:
                  - global: true
          db:
            image: postgres:15
            expose:
              - port: 5432
                to:
                  - global: true{(linked ? "\n          - service: web" : "")}
        profiles:
          compute:
            web:
              resources:
                cpu: {"{"} units: 3 {"}"}
                memory: {"{"} size: 512Mi {"}"}
                storage: {"{"} size: 1Gi {"}"}
            db:
              resources:
                cpu: {"{"} units: 2 {"}"}
                memory: {"{"} size: 512Mi {"}"}
                storage: {"{"} size: 1Gi {"}"}
          placement:
            here:
              attributes:
                region: {_r.Name}
              pricing:
                web: {"{"} denom: uact, amount: 1000 {"}"}
                db: {"{"} denom: uact, amount: 1000 {"}"}
        deployment:
          web:
            here: {"{"} profile: web, count: 1 {"}"}
          db:
            here: {"{"} profile: db, count: 1 {"}"}
        """;
}
