using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;

namespace DepinGrains.Domain.Subnets.Hardware;

/// <summary>A subnet's least hardware against what a node's own agent detected; nobody's word counts.</summary>
public static class HardwareRules
{
    /// <summary>Whether a subnet asks for hardware at all.</summary>
    public static bool AsksForHardware(SubnetHyperparameters h)
    {
        ArgumentNullException.ThrowIfNull(h);
        return h.MinCpuMilli > 0 || h.MinMemoryBytes > 0 || GpusOf(h) > 0 || h.BenchmarkWork > 0;
    }

    /// <summary>Null, or <c>registration.hardware_too_small</c> naming what is missing, wanted and found.</summary>
    public static Refusal? WhyNot(SubnetHyperparameters wanted, HardwareInventory found)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(found);
        var gpus = found.Gpus.Count(g => g.MemoryBytes >= wanted.MinGpuMemoryBytes);
        return found.CpuMilli < wanted.MinCpuMilli ? No("cpu_milli", wanted.MinCpuMilli, found.CpuMilli)
            : found.MemoryBytes < wanted.MinMemoryBytes ? No("memory_bytes", wanted.MinMemoryBytes, found.MemoryBytes)
            : gpus < GpusOf(wanted) ? No(wanted.MinGpuMemoryBytes > 0 ? $"gpus of {wanted.MinGpuMemoryBytes} bytes" : "gpus", GpusOf(wanted), gpus)
            : null;
    }

    /// <summary>A node's failed benchmark as the refusal of a registration; the numbers stay.</summary>
    public static Refusal Failed(Refusal failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var name = failure.Code switch { "node.benchmark_late" => "too_slow", "node.benchmark_wrong" => "wrong", var code => code["node.benchmark_".Length..] };
        return failure with { Code = "registration.hardware_" + name, Detail = "the node's benchmark failed: " + failure.Detail };
    }

    /// <summary>Cards asked for; memory of a card without a number of them asks for one.</summary>
    private static int GpusOf(SubnetHyperparameters h) => h.MinGpus == 0 && h.MinGpuMemoryBytes > 0 ? 1 : h.MinGpus;

    private static Refusal No(string what, long wanted, long found) =>
        Refusal.Of("registration.hardware_too_small", $"the subnet asks for {wanted} {what}; the node's agent found {found}", ("what", what), ("wanted", wanted), ("found", found));
}
