using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Providers;
using DepinGrains.Domain.Tests.Nodes;

namespace DepinGrains.Domain.Tests.Deployments;

/// <summary>Every provider that does not bid says which rule, what was wanted and what it had.</summary>
public sealed class ScreeningTests
{
    [Fact]
    public void Fit_BidsWithAPriceAndPlaces()
    {
        var screened = OrderScreening.Screen(Order(), Provider());

        Assert.True(screened.Bids);
        Assert.Empty(screened.Verdicts);
        Assert.Equal(["web/0", "web/1"], screened.Placements.SelectMany(p => p.Demand.Slots).Select(s => s.Key));
        // 2 threads, 2 GB, one endpoint: (3.2 + 1.6 + 0.05) dollars a month.
        Assert.Equal("11.281457", screened.Quote!.Amount);
    }

    [Fact]
    public void TooDear_SaysTheCeilingAndThePrice()
    {
        var verdict = Assert.Single(OrderScreening.Screen(Order() with { Ceiling = Rate.OfWhole(11) }, Provider()).Verdicts);

        Assert.Equal(("p1", null, "market.price_above_ceiling", "11", "11.281457"), (verdict.Provider, verdict.Node, verdict.Rule, verdict.Wanted, verdict.Had));
    }

    [Fact]
    public void NoRoom_SaysSoOfTheProviderAndOfEachNode()
    {
        var screened = OrderScreening.Screen(Order(), Provider() with { Nodes = [Node("a", cpu: 1_500), Node("b", cpu: 400), Node("c") with { Status = NodeStatus.Offline }] });

        Assert.False(screened.Bids);
        Assert.Equal(
            [
                ((string?)null, "inventory.insufficient_capacity", "2", "1"),
                ("c", "node.not_online", "online", "offline"),
                ("a", "node.insufficient_cpu", "1000", "500"),
                ("b", "node.insufficient_cpu", "1000", "400"),
            ],
            screened.Verdicts.Select(v => (v.Node, v.Rule, v.Wanted, v.Had)));
    }

    [Fact]
    public void NoExecutorForTheImage_And_NoRoomForTheManifest_AreNamedOfEachNode()
    {
        var order = Order();
        order = order with { Slots = [.. order.Slots.Select(s => s with { Executor = "container", WorkloadBytes = 500_000 })] };
        var (native, full, right) = (
            Node("a") with { Executors = ["native"] },
            Node("b") with { Executors = ["container"], Free = Node("b").Free with { WorkloadBytes = 499_999 } },
            Node("c") with { Executors = ["container"], Free = Node("c").Free with { WorkloadBytes = 1_000_000 } });

        var screened = OrderScreening.Screen(order, Provider() with { Nodes = [native, full] });
        Assert.False(screened.Bids);
        Assert.Equal(
            [("a", "node.executor_missing", "container", "native"), ("b", "node.workload_room", "500000", "499999")],
            screened.Verdicts.Where(v => v.Node is not null).Select(v => (v.Node!, v.Rule, v.Wanted, v.Had)));

        screened = OrderScreening.Screen(order, Provider() with { Nodes = [native, full, right] });
        Assert.True(screened.Bids);
        Assert.Equal(["c"], screened.Placements.Select(p => p.Node));
        Assert.All(screened.Placements[0].Demand.Slots, s => Assert.Equal(("container", 500_000), (s.Executor, s.WorkloadBytes)));
    }

    [Fact]
    public void SlotsOfOneSet_ShareANode_AndEachNodeSaysWhatItLacked()
    {
        var order = Order() with { Together = [1, 1] };
        Assert.True(OrderScreening.Screen(Order(), Provider() with { Nodes = [Node("a", cpu: 1_000), Node("b", cpu: 1_000)] }).Bids);

        var screened = OrderScreening.Screen(order, Provider() with { Nodes = [Node("a", cpu: 1_000), Node("b", cpu: 1_900)] });
        Assert.Equal(
            [((string?)null, "inventory.no_common_node", "one node for web/0, web/1", "none of 2"), ("a", "node.insufficient_cpu", "1000", "0"), ("b", "node.insufficient_cpu", "1000", "900")],
            screened.Verdicts.Select(v => (v.Node, v.Rule, v.Wanted, v.Had)));

        screened = OrderScreening.Screen(order, Provider() with { Nodes = [Node("a", cpu: 1_000), Node("b", cpu: 2_000)] });
        Assert.Equal(["b"], screened.Placements.Select(p => p.Node));
    }

    [Fact]
    public void Attribute_Maintenance_Reclamation_And_NoNodes_AreNamed()
    {
        Assert.Equal("market.attribute_mismatch", Rule(Order() with { Group = Order().Group.Requiring(("region", "mars")) }, Provider()));
        Assert.Equal("provider.maintenance", Rule(Order(), Provider() with { Maintenance = true }));
        Assert.Equal("bid.reclamation_too_short", Rule(Order() with { ReclaimMinSeconds = 3_600 }, Provider()));
        Assert.Equal("provider.no_nodes", Rule(Order(), Provider() with { Nodes = [] }));
        Assert.Equal("market.denom_unpriced", Rule(Order() with { UsdPerToken = "0" }, Provider()));
    }

    [Fact]
    public void ExternalProvider_IsNotPricedButScreened()
    {
        var external = Provider() with { Profile = Provider().Profile with { Pricing = null } };

        var fits = OrderScreening.Screen(Order(), external);
        var full = OrderScreening.Screen(Order(), external with { Nodes = [Node("a", cpu: 10)] });

        Assert.Equal((true, false, 0), (fits.External, fits.Bids, fits.Verdicts.Length));
        Assert.Equal("inventory.insufficient_capacity", full.Verdicts[0].Rule);
    }

    [Fact]
    public void ScalePrices_AreUsedWhenGiven() =>
        Assert.Equal("2000", OrderScreening.Screen(Order(), Provider() with { Scale = new ScalePricing("1", "0", [new("ephemeral", "0")], "0", "0") }).Quote!.Amount);

    [Fact]
    public void Offers_AreCheapestFirstAndReasonsAreCounted()
    {
        var dear = Provider("dear") with { Profile = Provider().Profile with { Pricing = UsdPricing.Default with { CpuUsd = "2" } } };
        ProviderScreening[] screened = [OrderScreening.Screen(Order(), dear), OrderScreening.Screen(Order(), Provider("b")), OrderScreening.Screen(Order(), Provider("a") with { Score = 9 }), OrderScreening.Screen(Order(), Provider("x") with { Maintenance = true })];

        Assert.Equal(["a", "b", "dear"], ScreeningVerdicts.CheapestFirst(screened).Select(s => s.Provider));
        Assert.Equal([new Fact("provider.maintenance", "1")], ScreeningVerdicts.Count(screened.SelectMany(s => s.Verdicts)));
    }

    [Fact]
    public void Verdicts_KeepProvidersBeforeNodesUpToTheLimit()
    {
        ScreeningVerdict[] verdicts = [.. Enumerable.Range(0, 1_500).Select(i => new ScreeningVerdict("p", i < 1_499 ? "n" + i : null, "r", "", ""))];

        var kept = ScreeningVerdicts.Keep(verdicts);

        Assert.Equal(1_000, kept.Length);
        Assert.Null(kept[0].Node);
    }

    private static string Rule(ScreenedOrder order, ScreenedProvider provider) => OrderScreening.Screen(order, provider).Verdicts[0].Rule;

    private static ScreenedOrder Order() => new(
        Orders.Group(Orders.Unit(count: 2)),
        [Hardware.Slot("web/0", 1_000, Hardware.Gi, ports: 1), Hardware.Slot("web/1", 1_000, Hardware.Gi, ports: 1)],
        "uact",
        Rate.OfWhole(100_000),
        null);

    private static ScreenedNode Node(string id, long cpu = 8_000) => new(id, NodeStatus.Online, Hardware.Node(id, cpu).Free);

    private static ScreenedProvider Provider(string id = "p1") => new(id, new ProviderProfile(id, ImmutableArray<Fact>.Empty, UsdPricing.Default, ""), [], false, 0, [Node("a")]);
}
