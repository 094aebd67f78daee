using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>What a demand takes off a node, overcommit applied: a sum over its slots. Sums saturate far above any node.</summary>
internal sealed class CapacityUse
{
    public long CpuMilli { get; private set; }

    public long MemoryBytes { get; private set; }

    public int Ports { get; private set; }

    public long WorkloadBytes { get; private set; }

    /// <summary>By the class wanted, <c>ram</c> excluded (it is memory).</summary>
    public SortedDictionary<string, long> Storage { get; } = new(StringComparer.Ordinal);

    public static CapacityUse Of(NodeDemand demand, Overcommit overcommit)
    {
        var use = new CapacityUse();
        foreach (var slot in demand.Slots)
        {
            use.CpuMilli = Add(use.CpuMilli, Overcommit.Commit(slot.CpuMilli, overcommit.CpuPercent));
            use.MemoryBytes = Add(use.MemoryBytes, Overcommit.Commit(slot.MemoryBytes, overcommit.MemoryPercent));
            use.Ports += slot.Ports;
            use.WorkloadBytes = Add(use.WorkloadBytes, slot.WorkloadBytes);
            foreach (var (storageClass, bytes) in slot.Storage.IsDefault ? [] : slot.Storage)
            {
                if (storageClass == StorageClasses.Ram)
                {
                    use.MemoryBytes = Add(use.MemoryBytes, Overcommit.Commit(bytes, overcommit.MemoryPercent));
                }
                else
                {
                    use.Storage[storageClass] = Add(use.Storage.GetValueOrDefault(storageClass), Overcommit.Commit(bytes, overcommit.StoragePercent));
                }
            }
        }

        return use;
    }

    private static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}
