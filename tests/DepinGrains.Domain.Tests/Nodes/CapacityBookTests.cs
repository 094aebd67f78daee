using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Tests.Nodes;

public sealed class CapacityBookTests
{
    private static readonly DateTimeOffset T0 = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Soon = T0.AddMinutes(5);

    [Fact]
    public void Reserve_CountsAtOnceAndTheSecondIsRefusedWithNumbers()
    {
        var book = Book(cpu: 5_500);

        Assert.True(book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 4_000)), Soon).IsOk);
        var refusal = book.Reserve("r2", Hardware.Demand(Hardware.Slot(cpu: 4_000)), Soon).Refusal!;

        Assert.Equal("node.insufficient_cpu", refusal.Code);
        Assert.Equal("wanted 4000 milli-CPU, free 1500", refusal.Detail);
        Assert.Equal(["resource=cpu", "wanted=4000", "free=1500"], refusal.Facts.Select(f => f.Name + "=" + f.Value));
    }

    [Fact]
    public void Reserve_TheSameIdAgain_AnswersTheSameOrConflicts()
    {
        var book = Book(gpus: Hardware.Gpus(2, "a100", "pcie", "g"));
        var demand = Hardware.Demand(Hardware.Slot(cpu: 1_000, gpus: 1, selectors: ["vendor/nvidia/model/a100"], ports: 2));

        var first = book.Reserve("r1", demand, Soon).Require();
        var again = book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 1_000, gpus: 1, selectors: ["vendor/nvidia/model/a100"], ports: 2)), Soon.AddHours(1)).Require();
        var other = book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 1_001)), Soon);

        Assert.Equal(first, again);
        Assert.Equal("node.reservation_conflict", other.Refusal?.Code);
        Assert.Equal(7_000, book.Free.CpuMilli);
        Assert.Equal([30_000, 30_001], first.Grants[0].HostPorts);
        Assert.Equal(["g0"], first.Grants[0].GpuUuids);
    }

    [Fact]
    public void Confirm_RemovesTheExpiryAndReleaseGivesItBack()
    {
        var book = Book();
        book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 1_000)), Soon).Require();

        var confirmed = book.Confirm("r1", "lease-1", T0).Require();

        Assert.Null(confirmed.ExpiresAt);
        Assert.Equal("lease-1", confirmed.Lease);
        Assert.Equal(confirmed, book.Confirm("r1", "lease-1", Soon.AddYears(1)).Require());
        Assert.Equal("node.reservation_leased", book.Confirm("r1", "lease-2", T0).Refusal?.Code);
        Assert.Empty(book.Expire(Soon.AddYears(1)));
        Assert.True(book.Release("r1"));
        Assert.False(book.Release("r1"));
        Assert.Equal(8_000, book.Free.CpuMilli);
    }

    [Fact]
    public void Expired_IsGoneForConfirmAndGivesItsRoomBack()
    {
        var book = Book();
        book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 1_000, ports: 1)), Soon).Require();
        Assert.Equal(Soon, book.NextExpiry);

        Assert.Equal("node.reservation_gone", book.Confirm("r1", "lease-1", Soon).Refusal?.Code);
        Assert.Equal(["r1"], book.Expire(Soon));
        Assert.Equal("node.reservation_gone", book.Confirm("r1", "lease-1", T0).Refusal?.Code);
        Assert.Equal((8_000L, 4), (book.Free.CpuMilli, book.Free.Ports));
        Assert.Null(book.NextExpiry);
    }

    [Fact]
    public void Cards_AreGivenSoThatTheOneWhoNeedsTheSpecialOneGetsIt()
    {
        var book = Book(gpus: [Hardware.Gpu("big", memory: 80 * Hardware.Gi), Hardware.Gpu("small", memory: 40 * Hardware.Gi)]);

        var both = book.Reserve(
            "r1",
            Hardware.Demand(Hardware.Slot("a/0", gpus: 1, selectors: ["vendor/nvidia/model/a100"]), Hardware.Slot("b/0", gpus: 1, selectors: ["vendor/nvidia/model/a100/ram/80Gi"])),
            Soon).Require();

        Assert.Equal(["small"], both.Grants[0].GpuUuids);
        Assert.Equal(["big"], both.Grants[1].GpuUuids);
        var refusal = book.Reserve("r2", Hardware.Demand(Hardware.Slot(gpus: 1)), Soon).Refusal!;
        Assert.Equal("node.insufficient_gpu", refusal.Code);
        Assert.Contains("wanted 1", refusal.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("storage")]
    [InlineData("ports")]
    [InlineData("gpu")]
    public void EveryResource_IsRefusedByName(string resource)
    {
        var slot = resource switch
        {
            "memory" => Hardware.Slot(memory: 10 * Hardware.Gi, storage: [new("ram", 7 * Hardware.Gi)]),
            "storage" => Hardware.Slot(storage: [new("ephemeral", 101 * Hardware.Gi)]),
            "ports" => Hardware.Slot(ports: 5),
            _ => Hardware.Slot(gpus: 1),
        };

        Assert.Equal("node.insufficient_" + resource, Book().WhyNot(Hardware.Demand(slot))?.Code);
    }

    [Fact]
    public void StorageClassDefault_SharesTheRoomOfTheClassItMeans()
    {
        var book = new CapacityBook("n", "h", Hardware.Inventory(storage: [new("ephemeral", Hardware.Gi), new("beta2", 10 * Hardware.Gi)]));

        book.Reserve("r1", Hardware.Demand(Hardware.Slot(storage: [new("default", 6 * Hardware.Gi)])), Soon).Require();

        Assert.Equal("node.insufficient_storage", book.WhyNot(Hardware.Demand(Hardware.Slot(storage: [new("beta2", 5 * Hardware.Gi)])))?.Code);
        Assert.Equal("node.insufficient_storage", book.WhyNot(Hardware.Demand(Hardware.Slot(storage: [new("default", 3 * Hardware.Gi), new("beta2", 2 * Hardware.Gi)])))?.Code);
        Assert.Equal("node.storage_class_missing", book.WhyNot(Hardware.Demand(Hardware.Slot(storage: [new("beta1", 1)])))?.Code);
    }

    [Fact]
    public void Overcommit_SellsMoreCpuAndNeverCards()
    {
        var book = new CapacityBook("n", "h", Hardware.Inventory(gpus: Hardware.Gpus(1, "a100", "pcie", "g")), new Overcommit(50, 0, 0));

        Assert.True(book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 12_000, gpus: 1)), Soon).IsOk);
        Assert.Equal("node.insufficient_cpu", book.WhyNot(Hardware.Demand(Hardware.Slot(cpu: 1)))?.Code);
        Assert.Equal("node.insufficient_gpu", book.WhyNot(Hardware.Demand(Hardware.Slot(gpus: 1)))?.Code);
    }

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(0, -1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 25, 0)]
    [InlineData(0, 0, 0, -1)]
    [InlineData(0, 0, 0, 65)]
    public void HostileDemand_IsRefused(long cpu, long memory, int gpus, int ports) =>
        Assert.Equal("node.demand_invalid", Book().Reserve("r", Hardware.Demand(Hardware.Slot(cpu: cpu, memory: memory, gpus: gpus, ports: ports)), Soon).Refusal?.Code);

    [Fact]
    public void HugeDemand_SaturatesInsteadOfWrapping()
    {
        var slots = Enumerable.Range(0, 3).Select(i => Hardware.Slot($"s/{i}", cpu: long.MaxValue, memory: long.MaxValue)).ToImmutableArray();

        Assert.Equal("node.insufficient_cpu", Book().WhyNot(Hardware.Demand(slots))?.Code);
    }

    [Fact]
    public void ReplaceHardware_RefusesWhatDoesNotCoverTheBookings()
    {
        var book = Book(gpus: Hardware.Gpus(2, "a100", "pcie", "g"));
        book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 6_000, gpus: 1, ports: 4)), Soon).Require();

        Assert.Equal("node.hardware_shrunk", book.ReplaceHardware(Hardware.Inventory(cpu: 5_999, gpus: Hardware.Gpus(2, "a100", "pcie", "g"))).Refusal?.Code);
        Assert.Equal("node.hardware_shrunk", book.ReplaceHardware(Hardware.Inventory(cpu: 6_000)).Refusal?.Code);
        Assert.Equal("node.hardware_shrunk", book.ReplaceHardware(Hardware.Inventory(gpus: Hardware.Gpus(1, "a100", "pcie", "g"), ports: 3)).Refusal?.Code);
        Assert.Equal(0, book.ReplaceHardware(Hardware.Inventory(cpu: 6_000, gpus: Hardware.Gpus(1, "a100", "pcie", "g"))).Require().CpuMilli);
    }

    [Fact]
    public void Reloaded_FromItsReservations_IsTheSameBook()
    {
        var book = Book(gpus: Hardware.Gpus(2, "a100", "pcie", "g"));
        book.Reserve("r1", Hardware.Demand(Hardware.Slot(cpu: 6_000, memory: 1, gpus: 1, ports: 2, storage: [new("ephemeral", 5)])), Soon).Require();

        var copy = new CapacityBook("n", "h", Hardware.Inventory(gpus: Hardware.Gpus(2, "a100", "pcie", "g")), default, book.Reservations);

        Assert.Equal(book.Free.Gpus.Select(g => g.Uuid), copy.Free.Gpus.Select(g => g.Uuid));
        Assert.Equal((book.Free.CpuMilli, book.Free.MemoryBytes, book.Free.Ports, book.Free.Storage[0]), (copy.Free.CpuMilli, copy.Free.MemoryBytes, copy.Free.Ports, copy.Free.Storage[0]));
    }

    private static CapacityBook Book(long cpu = 8_000, ImmutableArray<GpuDevice>? gpus = null) => new("n", "h", Hardware.Inventory(cpu, gpus: gpus));
}
