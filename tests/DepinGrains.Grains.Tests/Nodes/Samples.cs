using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>Hardware and demands the tests use.</summary>
public static class Samples
{
    public const long Gi = 1L << 30;

    public static HardwareInventory Hardware(long cpu = 8_000, long memoryGi = 16, int gpus = 0, int ports = 100, string gpuModel = "a100") => new(
        "Test CPU",
        "x64",
        cpu,
        memoryGi * Gi,
        [new("ephemeral", 100 * Gi), new("beta2", 50 * Gi)],
        [.. Enumerable.Range(0, gpus).Select(i => new GpuDevice("nvidia", gpuModel, 80 * Gi, "pcie", $"GPU-{i}", "NVIDIA A100"))],
        "linux",
        30_000,
        30_000 + ports - 1,
        ["container", "native"]);

    public static NodeRegistration Registration(HardwareInventory? hardware = null, string provider = "id_provider", string key = "key") =>
        new(provider, key, hardware ?? Hardware(), "eu-west", "127.0.0.1", []);

    public static DemandSlot Slot(string key = "web/0", long cpu = 1_000, long memoryGi = 1, int gpus = 0, ImmutableArray<string>? gpu = null, int ports = 1, long storageGi = 1) =>
        new(key, cpu, memoryGi * Gi, gpus, gpu ?? [], [new("ephemeral", storageGi * Gi)], ports);

    public static NodeDemand Demand(params DemandSlot[] slots) => new([.. slots.Length == 0 ? [Slot()] : slots]);

    public static WorkloadSpec Workload(NodeReservation booking, int slot = 0, ImmutableArray<string>? env = null, ImageCredentials? credentials = null) => new(
        $"{booking.Lease}/web/{slot}",
        booking.Lease ?? "",
        "web",
        slot,
        "native:httpd",
        [],
        [],
        env ?? [],
        booking.Demand.Slots[slot].CpuMilli,
        booking.Demand.Slots[slot].MemoryBytes,
        booking.Grants[slot].GpuUuids,
        [.. booking.Grants[slot].HostPorts.Select(port => new PortBinding(80, port, "tcp"))],
        [],
        credentials);
}
