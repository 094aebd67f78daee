using System.Collections.Immutable;

namespace DepinGrains.Domain.Nodes;

/// <summary>A volume of one replica.</summary>
/// <param name="Class"><c>ephemeral</c>, <c>ram</c>, <c>default</c>, <c>beta1…3</c>; empty = ephemeral when not persistent.</param>
public readonly record struct VolumeDemand(string Name, long Bytes, string Class, bool Persistent);

/// <summary><paramref name="Count"/> equal replicas of one resource unit of an order.</summary>
/// <param name="Id">Unique in the order.</param>
/// <param name="CpuMilli">Thousandths of a core per replica.</param>
/// <param name="MemoryBytes">Bytes per replica, memory-backed volumes not included.</param>
/// <param name="Gpus">Whole cards per replica.</param>
/// <param name="GpuAttributes">Any one of <c>vendor/nvidia/model/a100[/ram/80Gi][/interface/sxm]</c>.</param>
/// <param name="Ports">Host ports per replica.</param>
/// <param name="LeasedIps">Sequence numbers of leased addresses; the same number in several units is one address.</param>
public sealed record UnitDemand(
    int Id,
    long CpuMilli,
    long MemoryBytes,
    ImmutableArray<VolumeDemand> Volumes,
    int Gpus,
    ImmutableArray<string> GpuAttributes,
    int Count,
    int Ports,
    ImmutableArray<int> LeasedIps)
{
    /// <summary>What must run it; empty = whatever the node has.</summary>
    public string Executor { get; init; } = "";

    /// <summary>Room for its description in the node's desired state, per replica.</summary>
    public long WorkloadBytes { get; init; }
}
