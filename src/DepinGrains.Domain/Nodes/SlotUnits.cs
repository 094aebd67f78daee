using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>Turns named slots back into units with replicas.</summary>
internal static class SlotUnits
{
    /// <summary>Units numbered from 1, and the slot names and the set of each.</summary>
    /// <param name="together">Of each slot its set; default: none.</param>
    public static (ImmutableArray<UnitDemand> Units, IReadOnlyList<IReadOnlyList<string>> Keys, IReadOnlyList<int> Sets) Group(ImmutableArray<DemandSlot> slots, ImmutableArray<int> together)
    {
        var units = ImmutableArray.CreateBuilder<UnitDemand>();
        var keys = new List<IReadOnlyList<string>>();
        var sets = new List<int>();
        for (var i = 0; i < slots.Length;)
        {
            var first = slots[i];
            sets.Add(together.IsDefaultOrEmpty ? 0 : Math.Max(0, together[i]));
            var names = new List<string>();
            for (; i < slots.Length && ServiceOf(slots[i]) == ServiceOf(first) && DemandChecks.SameSize(first, slots[i]); i++)
            {
                names.Add(slots[i].Key);
            }

            units.Add(new UnitDemand(units.Count + 1, first.CpuMilli, first.MemoryBytes, Volumes(first), first.Gpus, first.GpuAttributes.IsDefault ? [] : first.GpuAttributes, names.Count, first.Ports, []) { Executor = first.Executor, WorkloadBytes = first.WorkloadBytes });
            keys.Add(names);
        }

        return (units.DrainToImmutable(), keys, sets);
    }

    private static string ServiceOf(DemandSlot slot) => slot.Key.LastIndexOf('/') is >= 0 and var slash ? slot.Key[..slash] : slot.Key;

    private static ImmutableArray<VolumeDemand> Volumes(DemandSlot slot) =>
        slot.Storage.IsDefault ? [] : [.. slot.Storage.Select(static s => new VolumeDemand(s.Class, s.Bytes, s.Class, s.Class is not (StorageClasses.Ephemeral or StorageClasses.Ram)))];
}
