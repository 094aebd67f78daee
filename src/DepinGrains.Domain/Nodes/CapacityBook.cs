using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>
/// The book of one node: what it has and who booked what. A reservation counts from the moment it is made; it is reserved (until its expiry), confirmed (no expiry)
/// or gone. The sum of all reservations never exceeds the node in any resource. Mutable and owned by one node grain, which drops it when a write fails.
/// </summary>
public sealed partial class CapacityBook
{
    private readonly string _node;
    private readonly string _host;
    private readonly Overcommit _overcommit;
    private readonly SortedDictionary<string, NodeReservation> _reservations = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _storageUsed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gpusUsed = new(StringComparer.Ordinal);
    private readonly SortedSet<int> _portsUsed = [];
    private HardwareInventory _hardware;
    private long _cpuUsed;
    private long _memoryUsed;
    private long _workloadBytesUsed;

    /// <summary>Opens the book with the reservations already written, also when the hardware has shrunk below them: then nothing more is booked.</summary>
    public CapacityBook(string node, string host, HardwareInventory hardware, Overcommit overcommit = default, IEnumerable<NodeReservation>? reservations = null)
    {
        _node = node;
        _host = host;
        _hardware = hardware;
        _overcommit = overcommit;
        foreach (var reservation in reservations ?? [])
        {
            Take(reservation);
        }
    }

    /// <summary>All reservations, by id.</summary>
    public ImmutableArray<NodeReservation> Reservations => [.. _reservations.Values];

    /// <summary>What is free now, nothing below zero.</summary>
    public FreeCapacity Free => new(
        Math.Max(0, _hardware.CpuMilli - _cpuUsed),
        Math.Max(0, _hardware.MemoryBytes - _memoryUsed),
        [.. FreeGpus()],
        [.. _hardware.Storage.Select(s => new StorageClassCapacity(s.Class, Math.Max(0, s.Bytes - _storageUsed.GetValueOrDefault(s.Class))))],
        Math.Max(0, PortsTotal - _portsUsed.Count),
        FreeWorkloadBytes);

    /// <summary>When the next reservation expires, if any does.</summary>
    public DateTimeOffset? NextExpiry => _reservations.Values.Min(static r => r.ExpiresAt);

    private long FreeWorkloadBytes => Math.Max(0, AgentProtocol.WorkloadBytesMax - _workloadBytesUsed);

    private int PortsTotal => _hardware.PortMin > 0 && _hardware.PortMax >= _hardware.PortMin ? _hardware.PortMax - _hardware.PortMin + 1 : 0;

    /// <summary>A reservation, or null.</summary>
    public NodeReservation? Find(string id) => _reservations.GetValueOrDefault(id);

    /// <summary>
    /// Books room at once until <paramref name="expiresAt"/>. The same id with the same demand answers the same reservation. Expired
    /// reservations count until <see cref="Expire"/> took them out: call it first.
    /// </summary>
    /// <returns><c>node.insufficient_cpu|gpu|memory|storage|ports</c>, <c>node.storage_class_missing</c>, <c>node.executor_missing</c>, <c>node.workload_room</c>, <c>node.gpu_selector_invalid</c>, <c>node.demand_invalid</c>, <c>node.reservation_conflict</c>, <c>node.reservations_full</c>.</returns>
    public Result<NodeReservation> Reserve(string id, NodeDemand demand, DateTimeOffset expiresAt)
    {
        if (DemandChecks.Invalid(id, demand) is { } invalid)
        {
            return invalid;
        }

        if (_reservations.TryGetValue(id, out var existing))
        {
            return DemandChecks.Same(existing.Demand, demand) ? existing : NodeErrors.ReservationConflict(id);
        }

        if (_reservations.Count >= CapacityLimits.ReservationsMax)
        {
            return NodeErrors.ReservationsFull(CapacityLimits.ReservationsMax);
        }

        var gpus = ImmutableArray<ImmutableArray<string>>.Empty;
        if (Refuse(demand, ref gpus) is { } refusal)
        {
            return refusal;
        }

        var reservation = new NodeReservation(id, _node, demand, Grant(demand, gpus), expiresAt, null, _host);
        Take(reservation);
        return reservation;
    }

    /// <summary>Why a demand would be refused now, or null when it fits. Changes nothing.</summary>
    public Refusal? WhyNot(NodeDemand demand)
    {
        var gpus = ImmutableArray<ImmutableArray<string>>.Empty;
        return DemandChecks.Invalid("probe", demand) ?? Refuse(demand, ref gpus);
    }

    /// <summary>Removes the expiry: the booking now belongs to a lease. Again with the same lease answers the same.</summary>
    /// <returns><c>node.reservation_gone</c> (also when it expired by <paramref name="now"/>), <c>node.reservation_leased</c> when another lease has it.</returns>
    public Result<NodeReservation> Confirm(string id, string lease, DateTimeOffset now)
    {
        if (!_reservations.TryGetValue(id, out var reservation) || reservation.ExpiresAt <= now)
        {
            return NodeErrors.ReservationGone(id);
        }

        if (reservation.Lease is { } other)
        {
            return other == lease ? reservation : NodeErrors.ReservationLeased(id, other);
        }

        return _reservations[id] = reservation with { ExpiresAt = null, Lease = lease };
    }

    /// <summary>Gives room back; false when there was no such reservation.</summary>
    public bool Release(string id)
    {
        if (!_reservations.Remove(id, out var reservation))
        {
            return false;
        }

        Count(reservation, -1);
        return true;
    }

    /// <summary>Takes out every unconfirmed reservation whose time is over; answers their ids.</summary>
    public ImmutableArray<string> Expire(DateTimeOffset now)
    {
        var expired = _reservations.Values.Where(r => r.ExpiresAt <= now).Select(static r => r.Id).ToImmutableArray();
        foreach (var id in expired)
        {
            Release(id);
        }

        return expired;
    }

    /// <summary>Takes newly detected hardware. Refused, changing nothing, when it does not cover what is booked: <c>node.hardware_shrunk</c> with the resource and numbers.</summary>
    public Result<FreeCapacity> ReplaceHardware(HardwareInventory hardware)
    {
        if (Shortfall(hardware) is { } short_)
        {
            return NodeErrors.HardwareShrunk(short_);
        }

        _hardware = hardware;
        return Free;
    }

    private IEnumerable<GpuDevice> FreeGpus() => _hardware.Gpus.Where(g => !_gpusUsed.Contains(g.Uuid)).DistinctBy(static g => g.Uuid);

    private void Take(NodeReservation reservation)
    {
        _reservations.Add(reservation.Id, reservation);
        Count(reservation, +1);
    }

    private void Count(NodeReservation reservation, int sign)
    {
        var use = CapacityUse.Of(reservation.Demand, _overcommit);
        _cpuUsed += sign * use.CpuMilli;
        _memoryUsed += sign * use.MemoryBytes;
        _workloadBytesUsed += sign * use.WorkloadBytes;
        foreach (var (wanted, bytes) in use.Storage)
        {
            var name = StorageClasses.Resolve(wanted, _hardware.Storage) ?? wanted;
            _storageUsed[name] = _storageUsed.GetValueOrDefault(name) + (sign * bytes);
        }

        foreach (var grant in reservation.Grants)
        {
            if (sign > 0)
            {
                _gpusUsed.UnionWith(grant.GpuUuids);
                _portsUsed.UnionWith(grant.HostPorts);
            }
            else
            {
                _gpusUsed.ExceptWith(grant.GpuUuids);
                _portsUsed.ExceptWith(grant.HostPorts);
            }
        }
    }
}
