using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>
/// Greedy all-or-nothing placement of an order on one provider's nodes, as Akash's inventory does it (AC1–AC21): a node is filled with as many replicas of a unit as
/// fit, the scan starts again at the first node for the next unit, and the first replica of a unit fixes the card model of all. Pure: nothing is booked here.
/// </summary>
public static class Packing
{
    /// <summary>Replicas of one order at most: 20 units of 50.</summary>
    public const int ReplicasMax = 1_000;

    /// <summary>Places every replica of every unit.</summary>
    /// <returns>
    /// The placements in node order, or <c>inventory.insufficient_capacity</c>, <c>inventory.insufficient_ips</c>, <c>inventory.no_leased_ips</c>,
    /// <c>inventory.insufficient_pool</c>, <c>inventory.storage_class_missing</c>, <c>inventory.volume_invalid</c>, <c>inventory.demand_invalid</c>, <c>node.gpu_selector_invalid</c>.
    /// </returns>
    public static PackingOutcome Place(PackingCluster cluster, ImmutableArray<UnitDemand> units)
    {
        if (Invalid(units) is { } invalid)
        {
            return Failed(invalid);
        }

        return RefuseIps(cluster.Ips, units.SelectMany(static u => u.LeasedIps).Distinct().Count()) is { } noIps
            ? Failed(noIps)
            : Run(new PackingWork(cluster), units, static unit => [.. Enumerable.Range(0, unit.Count).Select(replica => SlotKey(unit.Id, replica))]);
    }

    /// <summary>
    /// Places slots already named (<c>service/replica</c>), in order; neighbours that want the same are replicas of one unit and get one card model. Storage classes other
    /// than <c>ephemeral</c> and <c>ram</c> are persistent.
    /// </summary>
    /// <param name="leasedIps">How many addresses the order leases.</param>
    /// <param name="together">Of each slot the set all of whose slots share one node, 0 or less = anywhere; the same for all slots of a service. Default: all anywhere.</param>
    /// <returns>As <see cref="Place"/>, and <c>inventory.no_common_node</c>.</returns>
    public static PackingOutcome PlaceSlots(PackingCluster cluster, ImmutableArray<DemandSlot> slots, int leasedIps = 0, ImmutableArray<int> together = default)
    {
        if (DemandChecks.Invalid("probe", new NodeDemand(slots)) is { } bad)
        {
            return Failed(bad);
        }

        var (units, keys, sets) = SlotUnits.Group(slots, together);
        if ((Invalid(units) ?? RefuseIps(cluster.Ips, leasedIps)) is { } refusal)
        {
            return Failed(refusal);
        }

        var work = new PackingWork(cluster);
        // What must share a node is harder to place, so it comes first.
        foreach (var set in sets.Where(static s => s > 0).Distinct())
        {
            if (work.PlaceTogether([.. units.Where(unit => sets[unit.Id - 1] == set)], unit => keys[unit.Id - 1]) is { } apart)
            {
                return new PackingOutcome([], apart, work.Rejections);
            }
        }

        return Run(work, units.Where(unit => sets[unit.Id - 1] == 0), unit => keys[unit.Id - 1]);
    }

    private static PackingOutcome Run(PackingWork work, IEnumerable<UnitDemand> units, Func<UnitDemand, IReadOnlyList<string>> keys)
    {
        foreach (var unit in units)
        {
            if (work.PlaceUnit(unit, keys(unit)) is { } refusal)
            {
                return new PackingOutcome([], refusal, work.Rejections);
            }
        }

        return new PackingOutcome(work.Placements(), null, work.Rejections);
    }

    private static PackingOutcome Failed(Refusal refusal) => new([], refusal, []);

    private static Refusal? Invalid(ImmutableArray<UnitDemand> units)
    {
        if (units.IsDefaultOrEmpty || units.Sum(static u => (long)Math.Max(0, u.Count)) > ReplicasMax)
        {
            return Refusal.Of("inventory.demand_invalid", $"an order has units and at most {ReplicasMax} replicas", ("max", ReplicasMax));
        }

        var ids = new HashSet<int>();
        foreach (var unit in units)
        {
            if (!ids.Add(unit.Id) || unit.Count <= 0 || unit.CpuMilli < 0 || unit.MemoryBytes < 0 || unit.Gpus is < 0 or > CapacityLimits.GpusPerSlotMax || unit.Ports is < 0 or > CapacityLimits.PortsPerSlotMax)
            {
                return Refusal.Of("inventory.demand_invalid", $"unit {unit.Id} appears twice or has an amount out of range", ("unit", unit.Id));
            }

            foreach (var volume in unit.Volumes)
            {
                if (volume.Bytes < 0 || (volume.Persistent && volume.Class is ("" or StorageClasses.Ram)))
                {
                    return Refusal.Of(
                        "inventory.volume_invalid",
                        $"unit {unit.Id}: a persistent volume names a class other than ram and no size is negative",
                        ("unit", unit.Id),
                        ("volume", volume.Name));
                }
            }

            if (GpuAssignment.Parse(unit.GpuAttributes, out var bad) is null)
            {
                return NodeErrors.GpuSelectorInvalid(bad);
            }
        }

        return null;
    }

    private static Refusal? RefuseIps(IpPool? pool, int wanted)
    {
        if (wanted <= 0)
        {
            return null;
        }

        if (pool is not { } ips)
        {
            return Refusal.Of("inventory.no_leased_ips", $"wanted {wanted} leased addresses, the provider leases none", ("wanted", wanted), ("free", 0));
        }

        return wanted <= ips.Available
            ? null
            : Refusal.Of("inventory.insufficient_ips", $"insufficient number of IPs: wanted {wanted}, free {ips.Available} of {ips.Total}", ("wanted", wanted), ("free", ips.Available), ("total", ips.Total));
    }

    private static string SlotKey(int unit, int replica) => string.Create(CultureInfo.InvariantCulture, $"{unit}/{replica}");
}
