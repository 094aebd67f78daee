using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace DepinGrains.Domain.Tests.Nodes;

/// <summary>Random bookings never over-commit a node in any resource, and packing only promises what the nodes' books accept.</summary>
public sealed class CapacityPropertyTests
{
    private static readonly string[][] Selectors = [[], ["vendor/nvidia/model/a100"], ["vendor/nvidia/model/*"], ["vendor/nvidia/model/h100/interface/sxm"], ["vendor/nvidia/model/a100/ram/80Gi", "vendor/nvidia/model/h100"]];

    private static readonly Gen<int[]> Ops = Gen.Choose(0, 1_000_000).ArrayOf(8).ListOf().Select(list => list.SelectMany(op => op).ToArray());

    private static readonly ImmutableArray<GpuDevice> Cards = [.. Hardware.Gpus(3, "a100", "pcie", "a"), .. Hardware.Gpus(2, "h100", "sxm4", "h")];

    [Fact]
    public void Book_IsNeverOvercommittedInAnyResource() => Check(numbers =>
    {
        var hardware = Hardware.Inventory(8_000, 1_000, Cards, 6, [new("ephemeral", 500), new("beta2", 300)]);
        var book = new CapacityBook("n", "h", hardware);
        var now = DateTimeOffset.UnixEpoch;
        foreach (var op in numbers.Chunk(8))
        {
            now = now.AddSeconds(op[0] % 20);
            var id = "r" + (op[1] % 12).ToString(CultureInfo.InvariantCulture);
            switch (op[0] % 5)
            {
                case 0 or 1:
                    book.Expire(now);
                    book.Reserve(id, Demand(op), now.AddSeconds(op[7] % 60));
                    break;
                case 2:
                    book.Confirm(id, "lease-" + id, now);
                    break;
                case 3:
                    book.Release(id);
                    break;
                default:
                    book.Expire(now);
                    break;
            }

            if (!Covers(hardware, book))
            {
                return false;
            }
        }

        foreach (var reservation in book.Reservations)
        {
            book.Release(reservation.Id);
        }

        return book.Free is { CpuMilli: 8_000, MemoryBytes: 1_000, Gpus.Length: 5, Ports: 6 } && book.Free.Storage.Select(s => s.Bytes).SequenceEqual([500L, 300L]);
    });

    [Fact]
    public void Packing_OnlyPromisesWhatTheBooksAccept() => Check(numbers =>
    {
        var overcommit = new Overcommit(numbers.Length % 3 * 25, 10, 5);
        var books = Enumerable.Range(0, 3).Select(i => new CapacityBook("n" + i, "h", Hardware.Inventory(4_000 + (1_000 * i), 1_000, i == 1 ? [] : Cards, 30, [new("ephemeral", 500), new("beta2", 300)]), overcommit)).ToArray();
        foreach (var (op, index) in numbers.Chunk(8).Select((op, i) => (op, i)))
        {
            ImmutableArray<UnitDemand> units =
            [
                new(1, op[0] % 3_000, op[1] % 400, [new("d", op[2] % 200, "beta2", true), new("s", op[3] % 60, "ram", false)], op[4] % 3, [.. Selectors[op[5] % Selectors.Length]], (op[6] % 3) + 1, op[7] % 3, []),
                new(2, op[1] % 2_000, op[0] % 200, [new("e", op[4] % 100, "", false)], op[3] % 2, [], (op[7] % 2) + 1, 1, []),
            ];
            var outcome = Packing.Place(new PackingCluster([.. books.Select((b, i) => new PackingNode("n" + i, b.Free, overcommit))], [], null), units);
            if (!outcome.Fits)
            {
                continue;
            }

            foreach (var placement in outcome.Placements)
            {
                var book = books[int.Parse(placement.Node.AsSpan(1), CultureInfo.InvariantCulture)];
                if (!book.Reserve("o" + index, placement.Demand, DateTimeOffset.MaxValue).IsOk)
                {
                    return false;
                }
            }
        }

        return true;
    });

    private static NodeDemand Demand(int[] op) => Hardware.Demand(
    [
        .. Enumerable.Range(0, (op[6] % 3) + 1).Select(i => Hardware.Slot(
            $"s/{i}",
            op[2] % 4_000,
            op[3] % 500,
            (op[4] + i) % 3,
            Selectors[(op[5] + i) % Selectors.Length],
            op[7] % 3,
            new StorageClassCapacity("ephemeral", op[5] % 200),
            new StorageClassCapacity(i == 0 ? "beta2" : "ram", op[6] % 150))),
    ]);

    /// <summary>Counts from the reservations alone, not from the book's own sums.</summary>
    private static bool Covers(HardwareInventory hardware, CapacityBook book)
    {
        var slots = book.Reservations.SelectMany(r => r.Demand.Slots).ToArray();
        var grants = book.Reservations.SelectMany(r => r.Grants).ToArray();
        var cards = grants.SelectMany(g => g.GpuUuids).ToArray();
        var ports = grants.SelectMany(g => g.HostPorts).ToArray();
        long Stored(string name) => slots.SelectMany(s => s.Storage).Where(s => s.Class == name).Sum(s => s.Bytes);
        return slots.Sum(s => s.CpuMilli) <= hardware.CpuMilli &&
            slots.Sum(s => s.MemoryBytes) + Stored("ram") <= hardware.MemoryBytes &&
            Stored("ephemeral") <= 500 && Stored("beta2") <= 300 &&
            cards.Distinct().Count() == cards.Length && cards.Length == slots.Sum(s => s.Gpus) &&
            ports.Distinct().Count() == ports.Length && ports.All(p => p >= hardware.PortMin && p <= hardware.PortMax);
    }

    private static void Check(Func<int[], bool> property) =>
        FsCheck.Check.One(PropertySeed.Config.WithMaxTest(200).WithEndSize(80), Prop.ForAll(Ops.ToArbitrary(), property));
}
