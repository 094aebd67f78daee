using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>The working copy of a cluster while one order is placed; thrown away when it does not fit.</summary>
internal sealed class PackingWork
{
    private readonly RoomLeft[] _nodes;
    private readonly Dictionary<string, long>? _pools;
    private readonly ImmutableArray<NodeRejection>.Builder _rejections = ImmutableArray.CreateBuilder<NodeRejection>();

    public PackingWork(PackingCluster cluster)
    {
        _nodes = [.. cluster.Nodes.Select(static n => new RoomLeft(n))];
        _pools = cluster.Pools.IsDefaultOrEmpty ? null : cluster.Pools.ToDictionary(static p => p.Class, static p => p.Bytes, StringComparer.Ordinal);
    }

    public ImmutableArray<NodeRejection> Rejections => _rejections.ToImmutable();

    public ImmutableArray<NodePlacement> Placements() =>
        [.. _nodes.Where(static n => n.Slots.Count > 0).Select(static n => new NodePlacement(n.Id, new NodeDemand(n.Slots.ToImmutable())))];

    /// <summary>Places all replicas of a unit; a refusal when they do not all fit or nothing could help.</summary>
    public Refusal? PlaceUnit(UnitDemand unit)
    {
        GpuSelector? frozen = null;
        var selectors = GpuAssignment.Parse(unit.GpuAttributes, out _) ?? [];
        var placed = 0;
        foreach (var node in _nodes)
        {
            while (placed < unit.Count)
            {
                var chosen = frozen;
                if (node.Refuse(unit, selectors, ref chosen) is { } why)
                {
                    _rejections.Add(new NodeRejection(node.Id, unit.Id, why));
                    break;
                }

                if (PoolRefusal(unit) is { } fatal)
                {
                    return fatal;
                }

                if (node.RefuseVolumes(unit, _pools is not null) is { } noRoom)
                {
                    _rejections.Add(new NodeRejection(node.Id, unit.Id, noRoom));
                    break;
                }

                frozen = chosen;
                TakeFromPools(unit);
                node.Take(unit, Packing.SlotKey(unit.Id, placed), frozen, _pools is not null);
                placed++;
            }
        }

        return placed == unit.Count ? null : Insufficient(unit, placed, frozen);
    }

    private Refusal Insufficient(UnitDemand unit, int placed, GpuSelector? frozen) => Refusal.Of(
        "inventory.insufficient_capacity",
        $"unit {unit.Id}: {placed} of {unit.Count} replicas fit on {_nodes.Length} nodes" + (frozen is null ? "" : $", all on {frozen}"),
        ("unit", unit.Id),
        ("wanted", unit.Count),
        ("placed", placed),
        ("nodes", _nodes.Length));

    /// <summary>A shared pool without room or a class nobody has can not be helped by another node.</summary>
    private Refusal? PoolRefusal(UnitDemand unit)
    {
        if (_pools is null)
        {
            return null;
        }

        foreach (var group in unit.Volumes.Where(static v => v.Persistent).GroupBy(static v => v.Class, StringComparer.Ordinal))
        {
            if (!_pools.TryGetValue(group.Key, out var free))
            {
                return Refusal.Of("inventory.storage_class_missing", $"no pool of storage class {group.Key}", ("wanted", group.Key), ("had", string.Join(", ", _pools.Keys.Order(StringComparer.Ordinal))));
            }

            var wanted = RoomLeft.Sum(group.Select(static v => v.Bytes));
            if (free >= 0 && wanted > free)
            {
                return Refusal.Of("inventory.insufficient_pool", $"wanted {wanted} bytes of storage class {group.Key}, free {free}", ("class", group.Key), ("wanted", wanted), ("free", free));
            }
        }

        return null;
    }

    private void TakeFromPools(UnitDemand unit)
    {
        if (_pools is null)
        {
            return;
        }

        foreach (var volume in unit.Volumes)
        {
            if (volume.Persistent && _pools[volume.Class] >= 0)
            {
                _pools[volume.Class] -= volume.Bytes;
            }
        }
    }
}
