using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>The working copy of a cluster while one order is placed; thrown away when it does not fit.</summary>
internal sealed class PackingWork
{
    /// <summary>Reasons kept: enough to explain, bounded for a provider of 100,000 nodes.</summary>
    private const int RejectionsMax = 1_000;

    private readonly ImmutableArray<PackingNode> _offered;
    private readonly RoomLeft?[] _nodes;
    private Dictionary<string, long>? _pools;
    private readonly ImmutableArray<NodeRejection>.Builder _rejections = ImmutableArray.CreateBuilder<NodeRejection>();

    public PackingWork(PackingCluster cluster)
    {
        _offered = cluster.Nodes;
        _nodes = new RoomLeft?[_offered.Length];
        _pools = cluster.Pools.IsDefaultOrEmpty ? null : cluster.Pools.ToDictionary(static p => p.Class, static p => p.Bytes, StringComparer.Ordinal);
    }

    public ImmutableArray<NodeRejection> Rejections => _rejections.ToImmutable();

    public ImmutableArray<NodePlacement> Placements() =>
        [.. _nodes.OfType<RoomLeft>().Where(static n => n.Slots.Count > 0).Select(static n => new NodePlacement(n.Id, new NodeDemand(n.Slots.ToImmutable())))];

    /// <summary>Places all replicas of a unit under the names given; a refusal when they do not all fit or nothing could help.</summary>
    public Refusal? PlaceUnit(UnitDemand unit, IReadOnlyList<string> keys)
    {
        GpuSelector? frozen = null;
        var selectors = GpuAssignment.Parse(unit.GpuAttributes, out _) ?? [];
        var placed = 0;
        for (var i = 0; i < _nodes.Length && placed < unit.Count; i++)
        {
            // Made when first looked at: most orders end on the first nodes.
            var node = _nodes[i] ??= new RoomLeft(_offered[i]);
            while (placed < unit.Count)
            {
                var chosen = frozen;
                if (node.Refuse(unit, selectors, ref chosen) is { } why)
                {
                    Reject(node, unit, why);
                    break;
                }

                if (PoolRefusal(unit) is { } fatal)
                {
                    return fatal;
                }

                if (node.RefuseVolumes(unit, _pools is not null) is { } noRoom)
                {
                    Reject(node, unit, noRoom);
                    break;
                }

                frozen = chosen;
                TakeFromPools(unit);
                node.Take(unit, keys[placed], frozen, _pools is not null);
                placed++;
            }
        }

        return placed == unit.Count ? null : Insufficient(unit, placed, frozen);
    }

    /// <summary>Places all replicas of all units on the first node that has room for every one of them; a refusal when none has.</summary>
    public Refusal? PlaceTogether(IReadOnlyList<UnitDemand> units, Func<UnitDemand, IReadOnlyList<string>> keys)
    {
        for (var i = 0; i < _nodes.Length; i++)
        {
            var before = _pools is null ? null : new Dictionary<string, long>(_pools, StringComparer.Ordinal);
            var node = new RoomLeft(_nodes[i] ??= new RoomLeft(_offered[i]));
            if (PlaceOn(node, units, keys) is not { } refused)
            {
                _nodes[i] = node;
                return null;
            }

            _pools = before;
            Reject(node, refused.Unit, refused.Why);
        }

        var names = string.Join(", ", units.SelectMany(keys));
        return Refusal.Of(
            "inventory.no_common_node",
            $"{names} reach each other and so share a node; none of {_nodes.Length} nodes has room for all",
            ("wanted", $"one node for {names}"),
            ("had", $"none of {_nodes.Length}"),
            ("replicas", units.Sum(static u => u.Count)),
            ("nodes", _nodes.Length));
    }

    private (UnitDemand Unit, Refusal Why)? PlaceOn(RoomLeft node, IReadOnlyList<UnitDemand> units, Func<UnitDemand, IReadOnlyList<string>> keys)
    {
        foreach (var unit in units)
        {
            GpuSelector? chosen = null;
            var selectors = GpuAssignment.Parse(unit.GpuAttributes, out _) ?? [];
            foreach (var key in keys(unit))
            {
                if ((node.Refuse(unit, selectors, ref chosen) ?? PoolRefusal(unit) ?? node.RefuseVolumes(unit, _pools is not null)) is { } why)
                {
                    return (unit, why);
                }

                TakeFromPools(unit);
                node.Take(unit, key, chosen, _pools is not null);
            }
        }

        return null;
    }

    private void Reject(RoomLeft node, UnitDemand unit, Refusal why)
    {
        if (_rejections.Count < RejectionsMax)
        {
            _rejections.Add(new NodeRejection(node.Id, unit.Id, why));
        }
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
