using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Tests.Nodes;

/// <summary>inventory-cases.json.</summary>
public sealed class PackingVectorTests
{
    private static readonly JsonElement Vectors = DeploymentVectors.Read("inventory-cases.json");

    public static TheoryData<string> Names => [.. Vectors.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Case_FitsOrNotAsRecorded(string name)
    {
        var vector = Vectors.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        // "check ids before use": FulFilled7 lists its first id a second time; the order Akash tests has the units 1 and 2 only.
        var units = vector.GetProperty("units").EnumerateArray().Select(ReadUnit).DistinctBy(u => u.Id).ToImmutableArray();

        var outcome = Packing.Place(new PackingCluster(Nodes(), [], null), units);

        Assert.Equal(vector.GetProperty("expect").GetString() == "fits", outcome.Fits);
        Assert.Equal(outcome.Fits ? null : "inventory.insufficient_capacity", outcome.Refusal?.Code);
        Assert.Equal(outcome.Fits ? units.Sum(u => u.Count) : 0, outcome.Placements.Sum(p => p.Demand.Slots.Length));
    }

    [Fact]
    public void Case_Count_IsComplete() => Assert.Equal(10, Names.Count);

    [Fact]
    public void FulFilled7_WithItsThirdUnitAsASecondCardUser_DoesNotFit()
    {
        ImmutableArray<UnitDemand> units = [Hardware.Unit(1, 68_700), Hardware.Unit(2, 68_700, gpus: 1, selector: "vendor/nvidia/model/a100"), Hardware.Unit(3, 68_700, gpus: 1, selector: "vendor/nvidia/model/a100")];

        Assert.Equal("inventory.insufficient_capacity", Packing.Place(new PackingCluster(Nodes(), [], null), units).Refusal?.Code);
    }

    public static TheoryData<int> CommitCases => [.. Enumerable.Range(0, Vectors.GetProperty("commit").GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(CommitCases))]
    public void Commit_IsRoundedWithAFloorOfOne(int index)
    {
        var vector = Vectors.GetProperty("commit").GetProperty("cases")[index];

        Assert.Equal(vector[2].GetInt64(), Overcommit.Commit(vector[1].GetInt64(), Overcommit.PercentOf(vector[0].GetDecimal())));
    }

    [Theory]
    [InlineData(1, 1000, 990)]
    [InlineData(50, 1000, 667)]
    [InlineData(99, 1000, 503)]
    [InlineData(150, 1000, 400)]
    public void OvercommitPercent_BelowAHundredCounts(int percent, long wanted, long taken) => Assert.Equal(taken, Overcommit.Commit(wanted, percent));

    [Fact]
    public void Worked_MixedCardsWildcard_ThreeReplicasFreezeToA100AndDoNotFit()
    {
        var outcome = Packing.Place(Mixed(), [Hardware.Unit(1, 2_000, 4 * Hardware.Gi, 1, "vendor/nvidia/model/*", 3)]);

        Assert.Equal("inventory.insufficient_capacity", outcome.Refusal?.Code);
        Assert.Contains("2 of 3", outcome.Refusal!.Detail, StringComparison.Ordinal);
        Assert.Contains("a100", outcome.Refusal.Detail, StringComparison.Ordinal);
        Assert.Equal(["A", "B", "C"], outcome.Rejections.Select(r => r.Node));
        Assert.All(outcome.Rejections, r => Assert.Equal("node.insufficient_gpu", r.Why.Code));
    }

    [Fact]
    public void Worked_MixedCardsWildcard_TwoReplicasGoToA()
    {
        var outcome = Packing.Place(Mixed(), [Hardware.Unit(1, 2_000, 4 * Hardware.Gi, 1, "vendor/nvidia/model/*", 2)]);

        var placement = Assert.Single(outcome.Placements);
        Assert.Equal("A", placement.Node);
        Assert.All(placement.Demand.Slots, s => Assert.Equal(["vendor/nvidia/model/a100"], s.GpuAttributes));
    }

    [Theory]
    [InlineData("vendor/nvidia/model/h100/interface/sxm", true)]
    [InlineData("vendor/nvidia/model/h100/interface/pcie", false)]
    [InlineData("vendor/nvidia/model/h100/ram/81920Mi", true)]
    [InlineData("vendor/nvidia/model/h100/ram/80Gi/interface/sxm", true)]
    [InlineData("vendor/nvidia/model/h100/ram/40Gi", false)]
    [InlineData("vendor/amd/model/h100", false)]
    [InlineData("vendor/nvidia/model/*/interface/sxm", true)]
    public void Worked_InterfaceAndRamAreNormalised(string selector, bool fits) =>
        Assert.Equal(fits, Packing.Place(Mixed(), [Hardware.Unit(gpus: 2, selector: selector)]).Fits);

    [Theory]
    [InlineData(15_360L, "16Gi", true)]
    [InlineData(81_559L, "80Gi", true)]
    [InlineData(81_559L, "94Gi", false)]
    [InlineData(40_536L, "48Gi", false)]
    public void ReportedCardMemory_IsComparedWithTheNominalSize(long reportedMib, string asked, bool matches)
    {
        Assert.True(GpuSelector.TryParse("vendor/nvidia/model/x/ram/" + asked, out var selector));

        Assert.Equal(matches, selector.Matches(Hardware.Gpu("u", "x", reportedMib << 20)));
    }

    [Theory]
    [InlineData("vendor/nvidia/model/a100/interface/sxm5")]
    [InlineData("vendor/nvidia/model/a100/ram/80G")]
    [InlineData("vendor//model/a100")]
    [InlineData("a100")]
    public void BadSelector_IsRefusedBeforeAnyNode(string selector) =>
        Assert.Equal("node.gpu_selector_invalid", Packing.Place(Mixed(), [Hardware.Unit(gpus: 1, selector: selector)]).Refusal?.Code);

    [Theory]
    [InlineData(3, null)]
    [InlineData(5, "inventory.insufficient_ips")]
    public void Worked_IpPool_TenInUseFourReservedTwo(int want, string? code)
    {
        var cluster = new PackingCluster(Nodes(), [], new IpPool(10, 4, 2));

        var refusal = Packing.Place(cluster, [Hardware.Unit(1, ips: [.. Enumerable.Range(1, want)]), Hardware.Unit(2, ips: 1)]).Refusal;

        Assert.Equal(code, refusal?.Code);
        Assert.Equal(code is not null, refusal?.Detail.Contains("insufficient number of IPs", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void LeasedIps_WithoutAPool_AreRefused() =>
        Assert.Equal("inventory.no_leased_ips", Packing.Place(new PackingCluster(Nodes(), [], null), [Hardware.Unit(ips: 1)]).Refusal?.Code);

    [Fact]
    public void RamVolumes_AddToMemory()
    {
        var cluster = new PackingCluster([Hardware.Node("n", memory: 4 * Hardware.Gi)], [], null);

        Assert.True(Packing.Place(cluster, [Hardware.Unit(memory: 3 * Hardware.Gi, volumes: [new("shm", Hardware.Gi, "ram", false)])]).Fits);
        Assert.False(Packing.Place(cluster, [Hardware.Unit(memory: 4 * Hardware.Gi, volumes: [new("shm", Hardware.Gi, "ram", false)])]).Fits);
    }

    [Fact]
    public void PersistentClass_SkipsNodesWithoutItAndAbortsWhenThePoolIsFull()
    {
        var without = Hardware.Node("a");
        var with = Hardware.Node("b", storage: [new("ephemeral", Hardware.Gi), new("beta2", 0)]);
        ImmutableArray<VolumeDemand> volumes = [new("data", 50 * Hardware.Gi, "beta2", true)];

        var fits = Packing.Place(new PackingCluster([without, with], [new("beta2", 60 * Hardware.Gi)], null), [Hardware.Unit(volumes: volumes)]);
        var full = Packing.Place(new PackingCluster([without, with], [new("beta2", 60 * Hardware.Gi)], null), [Hardware.Unit(volumes: volumes, count: 2)]);
        var missing = Packing.Place(new PackingCluster([without, with], [new("beta3", 60 * Hardware.Gi)], null), [Hardware.Unit(volumes: volumes)]);
        var local = Packing.Place(new PackingCluster([without, Hardware.Node("c", storage: [new("beta2", 50 * Hardware.Gi)])], [], null), [Hardware.Unit(volumes: volumes)]);

        Assert.Equal("b", Assert.Single(fits.Placements).Node);
        Assert.Equal("node.storage_class_missing", Assert.Single(fits.Rejections).Why.Code);
        Assert.Equal("inventory.insufficient_pool", full.Refusal?.Code);
        Assert.Equal("inventory.storage_class_missing", missing.Refusal?.Code);
        Assert.Equal("c", Assert.Single(local.Placements).Node);
    }

    [Fact]
    public void Unlimited_MinusOneFitsAnything() =>
        Assert.True(Packing.Place(new PackingCluster([Hardware.Node("n", cpu: -1, memory: -1)], [], null), [Hardware.Unit(cpu: long.MaxValue, memory: long.MaxValue, count: 50)]).Fits);

    [Fact]
    public void Overcommit_LetsMoreFit()
    {
        var node = Hardware.Node("n", cpu: 8_000);

        Assert.False(Packing.Place(new PackingCluster([node], [], null), [Hardware.Unit(cpu: 12_000)]).Fits);
        Assert.True(Packing.Place(new PackingCluster([node with { Overcommit = new Overcommit(50, 0, 0) }], [], null), [Hardware.Unit(cpu: 12_000)]).Fits);
    }

    [Fact]
    public void NamedSlots_KeepTheirNamesAndOneCardModelPerService()
    {
        ImmutableArray<DemandSlot> slots =
        [
            Hardware.Slot("web/0", cpu: 100, ports: 1), Hardware.Slot("web/1", cpu: 100, ports: 1),
            Hardware.Slot("ai/0", gpus: 1, selectors: ["vendor/nvidia/model/*"]), Hardware.Slot("ai/1", gpus: 1, selectors: ["vendor/nvidia/model/*"]),
        ];

        var outcome = Packing.PlaceSlots(Mixed(), slots);

        Assert.Equal(["web/0", "web/1", "ai/0", "ai/1"], Assert.Single(outcome.Placements).Demand.Slots.Select(s => s.Key));
        Assert.Equal("inventory.insufficient_capacity", Packing.PlaceSlots(Mixed(), slots.Add(slots[^1] with { Key = "ai/2" })).Refusal?.Code);
        Assert.Equal("inventory.no_leased_ips", Packing.PlaceSlots(Mixed(), slots, 1).Refusal?.Code);
    }

    [Fact]
    public void NextUnit_StartsAgainAtTheFirstNode()
    {
        var cluster = new PackingCluster([Hardware.Node("a", cpu: 1_000), Hardware.Node("b", cpu: 8_000)], [], null);

        var outcome = Packing.Place(cluster, [Hardware.Unit(1, cpu: 4_000), Hardware.Unit(2, cpu: 1_000)]);

        Assert.Equal([("a", "2/0"), ("b", "1/0")], outcome.Placements.Select(p => (p.Node, p.Demand.Slots[0].Key)));
    }

    [Fact]
    public void EmptyCluster_RefusesEverything() =>
        Assert.Equal("inventory.insufficient_capacity", Packing.Place(new PackingCluster([], [], null), [Hardware.Unit()]).Refusal?.Code);

    private static PackingCluster Mixed() => new(
        [
            Hardware.Node("A", gpus: Hardware.Gpus(2, "a100", "pcie", "a")),
            Hardware.Node("B", gpus: Hardware.Gpus(2, "h100", "sxm4", "h")),
            Hardware.Node("C"),
        ],
        [],
        null);

    private static ImmutableArray<PackingNode> Nodes() =>
    [
        .. Vectors.GetProperty("nodes_fixture").EnumerateArray().Select(n => Hardware.Node(
            n.GetProperty("name").GetString()!,
            n.GetProperty("cpu_available_milli").GetInt64(),
            400 * Hardware.Gi,
            [.. n.GetProperty("gpus").EnumerateArray().Select((g, i) => ReadGpu(g, i))])),
    ];

    private static GpuDevice ReadGpu(JsonElement gpu, int index)
    {
        Assert.True(GpuSelector.TryParseSize(gpu.GetProperty("ram").GetString()!, out var ram));
        return Hardware.Gpu("g" + index.ToString(CultureInfo.InvariantCulture), gpu.GetProperty("model").GetString()!, ram, gpu.GetProperty("interface").GetString()!);
    }

    private static UnitDemand ReadUnit(JsonElement unit) => Hardware.Unit(
        unit.TryGetProperty("id", out var id) ? id.GetInt32() : 1,
        unit.GetProperty("cpu").GetInt64(),
        16 * Hardware.Gi,
        unit.GetProperty("gpu").GetInt32(),
        unit.TryGetProperty("model", out var model) && model.GetString() is { } name ? "vendor/nvidia/model/" + name : null,
        unit.GetProperty("count").GetInt32(),
        [new VolumeDemand("default", 8 * Hardware.Gi, "ephemeral", false)]);
}
