using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

public sealed partial class CapacityBook
{
    /// <summary>Checks executors, then CPU, GPU, memory, volumes, ports in this order (Akash AC17), then room for the manifest; on success <paramref name="gpus"/> holds each slot's cards.</summary>
    private Refusal? Refuse(NodeDemand demand, ref ImmutableArray<ImmutableArray<string>> gpus)
    {
        var use = CapacityUse.Of(demand, _overcommit);
        foreach (var slot in demand.Slots)
        {
            if (slot.Executor.Length > 0 && !_hardware.Executors.Contains(slot.Executor))
            {
                return NodeErrors.ExecutorMissing(slot.Executor, _hardware.Executors);
            }
        }

        var freeCpu = Math.Max(0, _hardware.CpuMilli - _cpuUsed);
        if (use.CpuMilli > freeCpu)
        {
            return NodeErrors.Insufficient("cpu", "milli-CPU", use.CpuMilli, freeCpu);
        }

        if (RefuseGpus(demand, ref gpus) is { } noGpu)
        {
            return noGpu;
        }

        var freeMemory = Math.Max(0, _hardware.MemoryBytes - _memoryUsed);
        if (use.MemoryBytes > freeMemory)
        {
            return NodeErrors.Insufficient("memory", "bytes of memory", use.MemoryBytes, freeMemory);
        }

        if (RefuseStorage(use) is { } noStorage)
        {
            return noStorage;
        }

        var freePorts = Math.Max(0, PortsTotal - _portsUsed.Count);
        if (use.Ports > freePorts)
        {
            return NodeErrors.Insufficient("ports", "host ports", use.Ports, freePorts);
        }

        return use.WorkloadBytes > FreeWorkloadBytes ? NodeErrors.WorkloadRoom(use.WorkloadBytes, FreeWorkloadBytes) : null;
    }

    private Refusal? RefuseGpus(NodeDemand demand, ref ImmutableArray<ImmutableArray<string>> gpus)
    {
        var slots = new List<(int Units, ImmutableArray<GpuSelector> AnyOf)>(demand.Slots.Length);
        var wanted = 0;
        foreach (var slot in demand.Slots)
        {
            if (GpuAssignment.Parse(slot.GpuAttributes, out var bad) is not { } anyOf)
            {
                return NodeErrors.GpuSelectorInvalid(bad);
            }

            slots.Add((slot.Gpus, anyOf));
            wanted += slot.Gpus;
        }

        if (wanted == 0)
        {
            gpus = [.. demand.Slots.Select(static _ => ImmutableArray<string>.Empty)];
            return null;
        }

        var free = FreeGpus().ToArray();
        if (GpuAssignment.Assign(slots, free) is { } assigned)
        {
            gpus = [.. assigned.Select(cards => cards.Select(card => free[card].Uuid).ToImmutableArray())];
            return null;
        }

        var asking = slots.Where(static s => s.Units > 0).ToArray();
        var names = asking.SelectMany(static s => s.AnyOf).Select(static s => s.ToString()).Distinct().DefaultIfEmpty("any card");
        return NodeErrors.InsufficientGpu(string.Join(" or ", names), wanted, free.Count(card => asking.Any(s => GpuAssignment.Allows(s.AnyOf, card))), free.Length);
    }

    private Refusal? RefuseStorage(CapacityUse use)
    {
        var wanted = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (storageClass, bytes) in use.Storage)
        {
            if (StorageClasses.Resolve(storageClass, _hardware.Storage) is not { } name)
            {
                return NodeErrors.StorageClassMissing(storageClass, string.Join(", ", _hardware.Storage.Select(static s => s.Class).DefaultIfEmpty("none")));
            }

            // "default" and the class it means here draw on the same room.
            var sum = wanted.GetValueOrDefault(name);
            wanted[name] = sum > long.MaxValue - bytes ? long.MaxValue : sum + bytes;
        }

        foreach (var (name, bytes) in wanted)
        {
            var total = _hardware.Storage.First(s => s.Class == name).Bytes;
            var free = Math.Max(0, total - _storageUsed.GetValueOrDefault(name));
            if (bytes > free)
            {
                return NodeErrors.InsufficientStorage(name, bytes, free);
            }
        }

        return null;
    }

    /// <summary>Lowest free host ports first.</summary>
    private ImmutableArray<SlotGrant> Grant(NodeDemand demand, ImmutableArray<ImmutableArray<string>> gpus)
    {
        var grants = ImmutableArray.CreateBuilder<SlotGrant>(demand.Slots.Length);
        var next = _hardware.PortMin;
        for (var i = 0; i < demand.Slots.Length; i++)
        {
            var ports = ImmutableArray.CreateBuilder<int>(demand.Slots[i].Ports);
            while (ports.Count < demand.Slots[i].Ports)
            {
                if (!_portsUsed.Contains(next))
                {
                    ports.Add(next);
                }

                next++;
            }

            grants.Add(new SlotGrant(demand.Slots[i].Key, gpus[i], ports.MoveToImmutable()));
        }

        return grants.MoveToImmutable();
    }

    /// <summary>The first resource that <paramref name="hardware"/> has less of than is booked.</summary>
    private Refusal? Shortfall(HardwareInventory hardware)
    {
        if (_cpuUsed > hardware.CpuMilli)
        {
            return NodeErrors.Insufficient("cpu", "milli-CPU", _cpuUsed, hardware.CpuMilli);
        }

        var cards = hardware.Gpus.Select(static g => g.Uuid).ToHashSet(StringComparer.Ordinal);
        if (_gpusUsed.FirstOrDefault(uuid => !cards.Contains(uuid)) is { } missing)
        {
            return NodeErrors.InsufficientGpu("card " + missing, _gpusUsed.Count, _gpusUsed.Count(cards.Contains), cards.Count);
        }

        if (_memoryUsed > hardware.MemoryBytes)
        {
            return NodeErrors.Insufficient("memory", "bytes of memory", _memoryUsed, hardware.MemoryBytes);
        }

        foreach (var (name, used) in _storageUsed)
        {
            var total = hardware.Storage.FirstOrDefault(s => s.Class == name).Bytes;
            if (used > total)
            {
                return NodeErrors.InsufficientStorage(name, used, total);
            }
        }

        return _portsUsed.Count > 0 && (_portsUsed.Min < hardware.PortMin || _portsUsed.Max > hardware.PortMax)
            ? NodeErrors.Insufficient("ports", "host ports", _portsUsed.Count, Math.Max(0, hardware.PortMax - hardware.PortMin + 1))
            : null;
    }
}
