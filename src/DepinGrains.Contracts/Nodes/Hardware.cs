using System.Collections.Immutable;

namespace DepinGrains.Contracts.Nodes;

/// <summary>One graphics card as detected.</summary>
/// <param name="Vendor">Lower case: <c>nvidia</c>, <c>amd</c>, <c>apple</c>.</param>
/// <param name="Model">SDL form, lower case without spaces: <c>a100</c>, <c>h100</c>, <c>rtx4090</c>, <c>t4</c>.</param>
/// <param name="MemoryBytes">Card memory in bytes.</param>
/// <param name="Interface"><c>pcie</c>, <c>sxm4</c>…, empty when unknown.</param>
/// <param name="Uuid">The driver's stable id, or the index when it has none.</param>
/// <param name="Name">The driver's own words.</param>
[GenerateSerializer, Immutable, Alias("depin.node.gpu.v1")]
public sealed record GpuDevice(
    [property: Id(0)] string Vendor,
    [property: Id(1)] string Model,
    [property: Id(2)] long MemoryBytes,
    [property: Id(3)] string Interface,
    [property: Id(4)] string Uuid,
    [property: Id(5)] string Name);

/// <summary>Room of one storage class.</summary>
/// <param name="Class"><c>ephemeral</c>, <c>beta1</c> (HDD), <c>beta2</c> (SSD), <c>beta3</c> (NVMe).</param>
/// <param name="Bytes">Capacity in bytes.</param>
[GenerateSerializer, Immutable, Alias("depin.node.storage_class.v1")]
public readonly record struct StorageClassCapacity([property: Id(0)] string Class, [property: Id(1)] long Bytes);

/// <summary>What a node has, as its agent found it. Amounts are whole-machine totals.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.hardware.v1")]
public sealed record HardwareInventory(
    [property: Id(0)] string CpuModel,
    [property: Id(1)] string Architecture,
    [property: Id(2)] long CpuMilli,
    [property: Id(3)] long MemoryBytes,
    [property: Id(4)] ImmutableArray<StorageClassCapacity> Storage,
    [property: Id(5)] ImmutableArray<GpuDevice> Gpus,
    [property: Id(6)] string OperatingSystem,
    [property: Id(7)] int PortMin,
    [property: Id(8)] int PortMax,
    [property: Id(9)] ImmutableArray<string> Executors);
