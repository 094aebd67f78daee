using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>Is a demand one that can be booked at all, and is it the same as another?</summary>
internal static class DemandChecks
{
    public static Refusal? Invalid(string id, NodeDemand demand)
    {
        if (id is not { Length: > 0 and <= CapacityLimits.IdLengthMax })
        {
            return NodeErrors.DemandInvalid($"a reservation id has 1 to {CapacityLimits.IdLengthMax} characters");
        }

        if (demand.Slots.IsDefaultOrEmpty || demand.Slots.Length > CapacityLimits.SlotsMax)
        {
            return NodeErrors.DemandInvalid($"a demand has 1 to {CapacityLimits.SlotsMax} slots");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var slot in demand.Slots)
        {
            if (slot.Key is not { Length: > 0 and <= CapacityLimits.IdLengthMax } || !keys.Add(slot.Key))
            {
                return NodeErrors.DemandInvalid("slot keys are unique and not empty");
            }

            if (SlotInvalid(slot) is { } why)
            {
                return NodeErrors.DemandInvalid($"slot {slot.Key}: {why}");
            }
        }

        return null;
    }

    public static bool Same(NodeDemand a, NodeDemand b) => a.Slots.Length == b.Slots.Length && a.Slots.Zip(b.Slots).All(static pair => pair.First.Key == pair.Second.Key && SameSize(pair.First, pair.Second));

    private static string? SlotInvalid(DemandSlot slot) => slot switch
    {
        { CpuMilli: < 0 } or { MemoryBytes: < 0 } or { Gpus: < 0 } or { Ports: < 0 } or { WorkloadBytes: < 0 } => "an amount is negative",
        { Gpus: > CapacityLimits.GpusPerSlotMax } => $"more than {CapacityLimits.GpusPerSlotMax} cards",
        { Ports: > CapacityLimits.PortsPerSlotMax } => $"more than {CapacityLimits.PortsPerSlotMax} ports",
        { Storage: { IsDefault: false, Length: > CapacityLimits.EntriesMax } } => $"more than {CapacityLimits.EntriesMax} storage entries",
        { GpuAttributes: { IsDefault: false, Length: > CapacityLimits.EntriesMax } } => $"more than {CapacityLimits.EntriesMax} card selectors",
        { Executor: null or { Length: > 32 } } => "the executor's name is missing or too long",
        _ when !slot.Storage.IsDefault && slot.Storage.Any(static s => s.Bytes < 0 || s.Class is not { Length: > 0 and <= 64 }) => "a storage entry has a negative size or no class",
        _ => null,
    };

    /// <summary>The same amounts, whatever the names.</summary>
    public static bool SameSize(DemandSlot a, DemandSlot b) =>
        a.CpuMilli == b.CpuMilli && a.MemoryBytes == b.MemoryBytes && a.Gpus == b.Gpus && a.Ports == b.Ports && a.Executor == b.Executor && a.WorkloadBytes == b.WorkloadBytes &&
        Items(a.GpuAttributes).SequenceEqual(Items(b.GpuAttributes)) && Items(a.Storage).SequenceEqual(Items(b.Storage));

    private static ImmutableArray<T> Items<T>(ImmutableArray<T> items) => items.IsDefault ? [] : items;
}
