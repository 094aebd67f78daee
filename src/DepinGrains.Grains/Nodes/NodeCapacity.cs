using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Nodes;

/// <summary>The capacity book of one node: what is free, what a demand gets, whether hardware still covers what is booked.</summary>
public static class NodeCapacity
{
    private const long Gibibyte = 1L << 30;

    /// <summary>Free amounts with every booking given counted as taken.</summary>
    public static FreeCapacity Free(HardwareInventory hardware, ImmutableArray<NodeBooking> bookings)
    {
        var taken = bookings.SelectMany(booking => booking.Grants.SelectMany(grant => grant.GpuUuids)).ToHashSet(StringComparer.Ordinal);
        return new FreeCapacity(
            hardware.CpuMilli - bookings.Sum(booking => booking.Demand.Slots.Sum(slot => slot.CpuMilli)),
            hardware.MemoryBytes - bookings.Sum(booking => booking.Demand.Slots.Sum(MemoryOf)),
            [.. hardware.Gpus.Where(gpu => !taken.Contains(gpu.Uuid))],
            [.. hardware.Storage.Select(room => room with { Bytes = room.Bytes - bookings.Sum(booking => booking.Demand.Slots.Sum(slot => StorageOf(slot, room.Class))) })],
            PortsOf(hardware) - bookings.Sum(booking => booking.Grants.Sum(grant => grant.HostPorts.Length)));
    }

    /// <summary>What each slot of the demand gets, or which resource is short with wanted and free.</summary>
    public static Result<ImmutableArray<SlotGrant>> Grant(HardwareInventory hardware, ImmutableArray<NodeBooking> bookings, NodeDemand demand)
    {
        var free = Free(hardware, bookings);
        if (ShortOf(free, demand) is { } refusal)
        {
            return refusal;
        }

        var gpus = free.Gpus.ToList();
        var chosen = new ImmutableArray<string>[demand.Slots.Length];
        foreach (var index in Enumerable.Range(0, demand.Slots.Length).OrderBy(i => Matching(gpus, demand.Slots[i]).Count()))
        {
            var slot = demand.Slots[index];
            var cards = Matching(gpus, slot).Take(slot.Gpus).ToImmutableArray();
            if (cards.Length < slot.Gpus)
            {
                return Short("gpu", string.Join(" or ", slot.GpuAttributes), slot.Gpus, cards.Length);
            }

            chosen[index] = [.. cards.Select(card => card.Uuid)];
            gpus.RemoveAll(cards.Contains);
        }

        var used = bookings.SelectMany(booking => booking.Grants.SelectMany(grant => grant.HostPorts)).ToHashSet();
        var next = hardware.PortMin;
        var grants = ImmutableArray.CreateBuilder<SlotGrant>(demand.Slots.Length);
        for (var index = 0; index < demand.Slots.Length; index++)
        {
            var ports = ImmutableArray.CreateBuilder<int>(demand.Slots[index].Ports);
            for (; ports.Count < demand.Slots[index].Ports; next++)
            {
                if (!used.Contains(next))
                {
                    ports.Add(next);
                }
            }

            grants.Add(new SlotGrant(demand.Slots[index].Key, chosen[index], ports.DrainToImmutable()));
        }

        return grants.MoveToImmutable();
    }

    /// <summary>Null when the hardware covers all bookings; else what is missing.</summary>
    public static Refusal? Uncovered(HardwareInventory hardware, ImmutableArray<NodeBooking> bookings)
    {
        var free = Free(hardware, bookings);
        var uuids = hardware.Gpus.Select(gpu => gpu.Uuid).ToHashSet(StringComparer.Ordinal);
        var lostGpu = bookings.SelectMany(booking => booking.Grants.SelectMany(grant => grant.GpuUuids)).FirstOrDefault(uuid => !uuids.Contains(uuid));
        var lostPort = bookings.SelectMany(booking => booking.Grants.SelectMany(grant => grant.HostPorts))
            .FirstOrDefault(port => port < hardware.PortMin || port > hardware.PortMax);
        var lostClass = bookings.SelectMany(booking => booking.Demand.Slots.SelectMany(slot => slot.Storage))
            .FirstOrDefault(storage => storage.Bytes > 0 && storage.Class != "ram" && hardware.Storage.All(room => room.Class != storage.Class));
        var (resource, missing) = free switch
        {
            { CpuMilli: < 0 } => ("cpu", -free.CpuMilli),
            { MemoryBytes: < 0 } => ("memory", -free.MemoryBytes),
            _ when free.Storage.FirstOrDefault(room => room.Bytes < 0) is { Class: not null } room => ($"storage/{room.Class}", -room.Bytes),
            _ when lostClass.Class is not null => ($"storage/{lostClass.Class}", lostClass.Bytes),
            _ when lostGpu is not null => ($"gpu/{lostGpu}", 1),
            _ when lostPort != 0 => ($"port/{lostPort}", 1),
            _ => ("", 0L),
        };
        return missing == 0
            ? null
            : Refusal.Of(
                "node.hardware_below_bookings",
                $"the detected hardware is {missing} {resource} short of what is booked on this node",
                ("resource", resource),
                ("missing", missing));
    }

    private static Refusal? ShortOf(FreeCapacity free, NodeDemand demand)
    {
        var cpu = demand.Slots.Sum(slot => slot.CpuMilli);
        if (cpu > free.CpuMilli)
        {
            return Short("cpu", "milli-CPU", cpu, free.CpuMilli);
        }

        var gpus = demand.Slots.Sum(slot => slot.Gpus);
        if (gpus > free.Gpus.Length)
        {
            return Short("gpu", "GPUs", gpus, free.Gpus.Length);
        }

        var memory = demand.Slots.Sum(MemoryOf);
        if (memory > free.MemoryBytes)
        {
            return Short("memory", "bytes", memory, free.MemoryBytes);
        }

        foreach (var name in demand.Slots.SelectMany(slot => slot.Storage).Select(storage => storage.Class).Where(name => name != "ram").Distinct())
        {
            var wanted = demand.Slots.Sum(slot => StorageOf(slot, name));
            var room = free.Storage.FirstOrDefault(storage => storage.Class == name).Bytes;
            if (wanted > room)
            {
                return Short($"storage/{name}", "bytes", wanted, room);
            }
        }

        var ports = demand.Slots.Sum(slot => slot.Ports);
        return ports > free.Ports ? Short("ports", "ports", ports, free.Ports) : null;
    }

    private static Refusal Short(string resource, string unit, long wanted, long free) =>
        Refusal.Of(
            "node.capacity_insufficient",
            $"{resource}: {wanted} {unit} wanted, {free} free",
            ("resource", resource),
            ("wanted", wanted),
            ("free", free));

    private static IEnumerable<GpuDevice> Matching(List<GpuDevice> gpus, DemandSlot slot) =>
        slot.GpuAttributes.IsEmpty ? gpus : gpus.Where(gpu => slot.GpuAttributes.Any(attribute => Matches(gpu, attribute)));

    private static bool Matches(GpuDevice gpu, string attribute)
    {
        var parts = attribute.Split('/');
        for (var index = 0; index + 1 < parts.Length; index += 2)
        {
            var (wanted, has) = (parts[index + 1], parts[index] switch
            {
                "vendor" => gpu.Vendor,
                "model" => gpu.Model,
                "interface" => gpu.Interface.StartsWith("sxm", StringComparison.Ordinal) && parts[index + 1] == "sxm" ? "sxm" : gpu.Interface,
                "ram" => $"{(gpu.MemoryBytes + (Gibibyte / 2)) / Gibibyte}Gi",
                _ => "",
            });
            if (wanted != "*" && !string.Equals(wanted, has, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }

    private static int PortsOf(HardwareInventory hardware) => hardware.PortMin == 0 ? 0 : hardware.PortMax - hardware.PortMin + 1;

    private static long MemoryOf(DemandSlot slot) => slot.MemoryBytes + StorageOf(slot, "ram");

    private static long StorageOf(DemandSlot slot, string name) => slot.Storage.Sum(storage => storage.Class == name ? storage.Bytes : 0);
}
