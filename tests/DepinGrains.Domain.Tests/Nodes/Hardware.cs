using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Tests.Nodes;

/// <summary>Short forms for hardware and demands.</summary>
internal static class Hardware
{
    public const long Gi = 1L << 30;

    public static GpuDevice Gpu(string uuid, string model = "a100", long memory = 80 * Gi, string connection = "pcie", string vendor = "nvidia") =>
        new(vendor, model, memory, connection, uuid, model);

    public static ImmutableArray<GpuDevice> Gpus(int count, string model, string connection, string prefix) =>
        [.. Enumerable.Range(0, count).Select(i => Gpu(prefix + i.ToString(CultureInfo.InvariantCulture), model, 80 * Gi, connection))];

    public static HardwareInventory Inventory(long cpu = 8_000, long memory = 16 * Gi, ImmutableArray<GpuDevice>? gpus = null, int ports = 4, params ImmutableArray<StorageClassCapacity> storage) =>
        new("cpu", "x64", cpu, memory, storage.IsDefaultOrEmpty ? [new("ephemeral", 100 * Gi)] : storage, gpus ?? [], "linux", 30_000, 30_000 + ports - 1, ["container", "native"]);

    public static DemandSlot Slot(string key = "web/0", long cpu = 0, long memory = 0, int gpus = 0, string[]? selectors = null, int ports = 0, params ImmutableArray<StorageClassCapacity> storage) =>
        new(key, cpu, memory, gpus, selectors is null ? [] : [.. selectors], storage, ports);

    public static NodeDemand Demand(params ImmutableArray<DemandSlot> slots) => new(slots);

    public static PackingNode Node(string id, long cpu = 8_000, long memory = 16 * Gi, ImmutableArray<GpuDevice>? gpus = null, params ImmutableArray<StorageClassCapacity> storage) =>
        new(id, new FreeCapacity(cpu, memory, gpus ?? [], storage.IsDefaultOrEmpty ? [new("ephemeral", 1_000 * Gi)] : storage, 100));

    public static UnitDemand Unit(int id = 1, long cpu = 100, long memory = Gi, int gpus = 0, string? selector = null, int count = 1, ImmutableArray<VolumeDemand>? volumes = null, params ImmutableArray<int> ips) =>
        new(id, cpu, memory, volumes ?? [], gpus, selector is null ? [] : [selector], count, 0, ips.IsDefault ? [] : ips);
}
