using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>What is left of one node while an order is placed.</summary>
internal sealed class RoomLeft(PackingNode node)
{
    private readonly PackingNode _node = node;
    private readonly List<GpuDevice> _gpus = [.. node.Free.Gpus];
    private readonly ImmutableArray<StorageClassCapacity> _offered = node.Free.Storage;
    private readonly Dictionary<string, long> _storage = node.Free.Storage.DistinctBy(static s => s.Class).ToDictionary(static s => s.Class, static s => s.Bytes, StringComparer.Ordinal);
    private long _cpu = node.Free.CpuMilli;
    private long _memory = node.Free.MemoryBytes;
    private int _ports = node.Free.Ports;
    private long _workloadBytes = node.Free.WorkloadBytes;

    /// <summary>A copy, so that what is tried on it can be forgotten.</summary>
    public RoomLeft(RoomLeft other)
        : this(other._node)
    {
        _gpus = [.. other._gpus];
        _storage = new Dictionary<string, long>(other._storage, StringComparer.Ordinal);
        (_cpu, _memory, _ports, _workloadBytes) = (other._cpu, other._memory, other._ports, other._workloadBytes);
        Slots.AddRange(other.Slots);
    }

    public string Id => _node.Id;

    public ImmutableArray<DemandSlot>.Builder Slots { get; } = ImmutableArray.CreateBuilder<DemandSlot>();

    /// <summary>Executor, then CPU, cards, memory, ports, room for the manifest. <paramref name="chosen"/> is the model all replicas must have; null on the first, set by it.</summary>
    public Refusal? Refuse(UnitDemand unit, ImmutableArray<GpuSelector> selectors, ref GpuSelector? chosen)
    {
        if (unit.Executor.Length > 0 && (_node.Executors.IsDefault || !_node.Executors.Contains(unit.Executor)))
        {
            return NodeErrors.ExecutorMissing(unit.Executor, _node.Executors.IsDefault ? [] : _node.Executors);
        }

        if (_cpu >= 0 && CpuOf(unit) > _cpu)
        {
            return NodeErrors.Insufficient("cpu", "milli-CPU", CpuOf(unit), _cpu);
        }

        if (unit.Gpus > 0 && !TryChoose(unit.Gpus, selectors, ref chosen))
        {
            var names = chosen?.ToString() ?? string.Join(" or ", selectors.Select(static s => s.ToString()).DefaultIfEmpty("any card"));
            var wanted = chosen is { } fixedTo ? [fixedTo] : selectors;
            return NodeErrors.InsufficientGpu(names, unit.Gpus, _gpus.Count(g => GpuAssignment.Allows(wanted, g)), _gpus.Count);
        }

        var memory = MemoryOf(unit);
        if (_memory >= 0 && memory > _memory)
        {
            return NodeErrors.Insufficient("memory", "bytes of memory", memory, _memory);
        }

        if (unit.Ports > _ports && _ports >= 0)
        {
            return NodeErrors.Insufficient("ports", "host ports", unit.Ports, _ports);
        }

        return unit.WorkloadBytes > _workloadBytes && _workloadBytes >= 0 ? NodeErrors.WorkloadRoom(unit.WorkloadBytes, _workloadBytes) : null;
    }

    /// <summary>Volumes in the order declared. With shared pools a persistent class must only be listed.</summary>
    public Refusal? RefuseVolumes(UnitDemand unit, bool sharedPools)
    {
        var wanted = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var volume in unit.Volumes)
        {
            if (IsMemory(volume))
            {
                continue;
            }

            if (NameOf(volume) is not { } name)
            {
                return NodeErrors.StorageClassMissing(volume.Class, string.Join(", ", _storage.Keys.Order(StringComparer.Ordinal).DefaultIfEmpty("none")));
            }

            if (volume.Persistent && sharedPools)
            {
                continue;
            }

            wanted[name] = Sum([wanted.GetValueOrDefault(name), DiskOf(volume)]);
            if (_storage[name] >= 0 && wanted[name] > _storage[name])
            {
                return NodeErrors.InsufficientStorage(name, wanted[name], _storage[name]);
            }
        }

        return null;
    }

    public void Take(UnitDemand unit, string key, GpuSelector? chosen, bool sharedPools)
    {
        _cpu -= _cpu >= 0 ? CpuOf(unit) : 0;
        _memory -= _memory >= 0 ? MemoryOf(unit) : 0;
        _ports -= _ports >= 0 ? unit.Ports : 0;
        _workloadBytes -= _workloadBytes >= 0 ? unit.WorkloadBytes : 0;
        for (var i = 0; i < unit.Gpus; i++)
        {
            _gpus.RemoveAt(_gpus.FindIndex(g => chosen is null || chosen.Matches(g)));
        }

        var storage = ImmutableArray.CreateBuilder<StorageClassCapacity>();
        foreach (var volume in unit.Volumes)
        {
            if (IsMemory(volume))
            {
                storage.Add(new StorageClassCapacity(StorageClasses.Ram, volume.Bytes));
                continue;
            }

            var name = NameOf(volume)!;
            if (!(volume.Persistent && sharedPools))
            {
                _storage[name] -= _storage[name] >= 0 ? DiskOf(volume) : 0;
                storage.Add(new StorageClassCapacity(name, volume.Bytes));
            }
        }

        Slots.Add(new DemandSlot(key, unit.CpuMilli, unit.MemoryBytes, unit.Gpus, unit.Gpus == 0 || chosen is null ? [] : [chosen.ToString()], storage.DrainToImmutable(), unit.Ports, unit.Executor, unit.WorkloadBytes));
    }

    /// <summary>A sum that stays at the top instead of wrapping.</summary>
    public static long Sum(IEnumerable<long> values)
    {
        long sum = 0;
        foreach (var value in values)
        {
            sum = sum > long.MaxValue - value ? long.MaxValue : sum + value;
        }

        return sum;
    }

    /// <summary>Memory-backed volumes are memory.</summary>
    private long MemoryOf(UnitDemand unit) =>
        Sum(unit.Volumes.Where(IsMemory).Select(static v => v.Bytes).Prepend(unit.MemoryBytes).Select(bytes => Overcommit.Commit(bytes, _node.Overcommit.MemoryPercent)));

    private long CpuOf(UnitDemand unit) => Overcommit.Commit(unit.CpuMilli, _node.Overcommit.CpuPercent);

    private long DiskOf(VolumeDemand volume) => Overcommit.Commit(volume.Bytes, _node.Overcommit.StoragePercent);

    private static bool IsMemory(VolumeDemand volume) => volume is { Class: StorageClasses.Ram, Persistent: false };

    /// <summary>Whatever is neither persistent nor memory is the node's own disk.</summary>
    private string? NameOf(VolumeDemand volume) => StorageClasses.Resolve(volume.Persistent ? volume.Class : StorageClasses.Ephemeral, _offered);

    /// <summary>The first selector and, for wildcards, the first model with enough cards of one kind.</summary>
    private bool TryChoose(int units, ImmutableArray<GpuSelector> selectors, ref GpuSelector? chosen)
    {
        if (chosen is { } frozen)
        {
            return _gpus.Count(frozen.Matches) >= units;
        }

        foreach (var selector in selectors)
        {
            foreach (var card in _gpus.Where(selector.Matches))
            {
                var candidate = selector.FrozenTo(card);
                if (_gpus.Count(candidate.Matches) >= units)
                {
                    chosen = candidate;
                    return true;
                }
            }
        }

        if (!selectors.IsEmpty)
        {
            return false;
        }

        // Nothing asked for means any kind, still one kind for all.
        foreach (var card in _gpus)
        {
            var candidate = new GpuSelector("", "", null, null).FrozenTo(card);
            if (_gpus.Count(candidate.Matches) >= units)
            {
                chosen = candidate;
                return true;
            }
        }

        return false;
    }
}
