using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Agent.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.State;

/// <summary>
/// The agent's memory on disk: <c>private/state/agent.json</c> and one file per workload, each replaced atomically and flushed before anybody acts on it.
/// Also the outbox of statuses: one report at a time is on its way, and it never changes until acknowledged.
/// </summary>
internal sealed class StateStore
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly string _folder;
    private readonly AgentRecord _agent;
    private readonly Dictionary<string, WorkloadRecord> _workloads = new(StringComparer.Ordinal);

    public StateStore(AgentPaths paths, TimeProvider clock)
    {
        _clock = clock;
        _folder = Path.Combine(paths.Private, "state");
        AgentPaths.MakePrivate(_folder);
        _agent = Read<AgentRecord>(Path.Combine(_folder, "agent.json")) ?? new AgentRecord();
        foreach (var file in Directory.EnumerateFiles(_folder, "w-*.json"))
        {
            if (Read<WorkloadRecord>(file) is { Id: not null } record)
            {
                _workloads[record.Id] = record;
            }
        }

        // Killed between writing the report and the workload: the status is in the report already.
        foreach (var status in _agent.InFlight)
        {
            if (_workloads.TryGetValue(status.WorkloadId, out var record) && record.Pending?.Sequence <= status.Sequence)
            {
                record.Pending = null;
            }
        }
    }

    /// <summary>Set when there may be something to report.</summary>
    public AsyncSignal Outbox { get; } = new();

    public long Generation
    {
        get
        {
            lock (_gate)
            {
                return _agent.Generation;
            }
        }
    }

    public ImmutableArray<WorkloadRecord> Workloads
    {
        get
        {
            lock (_gate)
            {
                return [.. _workloads.Values];
            }
        }
    }

    /// <summary>Leases whose bookings stand, as last heard; null: nobody said.</summary>
    public ImmutableArray<string>? Held
    {
        get
        {
            lock (_gate)
            {
                return _agent.Held;
            }
        }
    }

    /// <summary>True while a lease may still come back to what it left here.</summary>
    public bool IsKept(string leaseId)
    {
        lock (_gate)
        {
            return (_agent.Held is { } held && held.Contains(leaseId)) || _workloads.Values.Any(w => w.LeaseId == leaseId);
        }
    }

    /// <summary>Written before any workload is ended: whatever cleans up behind it must know.</summary>
    public void SetHeld(ImmutableArray<string>? held)
    {
        lock (_gate)
        {
            _agent.Held = held;
            WriteAgent();
        }
    }

    /// <summary>Leases that are over and may still have something here.</summary>
    public ImmutableArray<string> LeftBehind
    {
        get
        {
            lock (_gate)
            {
                return [.. _agent.Leases.Keys.Where(lease => !IsKept(lease))];
            }
        }
    }

    /// <summary>Written before anything of these leases is made here.</summary>
    public void AddLeases(IEnumerable<string> leases)
    {
        lock (_gate)
        {
            var known = _agent.Leases.Count;
            foreach (var lease in leases)
            {
                _agent.Leases.TryAdd(lease, 0);
            }

            if (_agent.Leases.Count > known)
            {
                WriteAgent();
            }
        }
    }

    /// <summary>Everything of the lease is gone; its user id is free again.</summary>
    public void ForgetLease(string leaseId)
    {
        lock (_gate)
        {
            if (!IsKept(leaseId) && _agent.Leases.Remove(leaseId))
            {
                WriteAgent();
            }
        }
    }

    /// <summary>
    /// The user id of a lease, the same until <see cref="ForgetLease"/>: one that no other lease has, from where its name points to.
    /// </summary>
    /// <exception cref="InvalidOperationException">All ids are in use.</exception>
    public int UserOf(string leaseId, int first, int count)
    {
        lock (_gate)
        {
            if (_agent.Leases.GetValueOrDefault(leaseId) is var known && known >= first && known < first + count)
            {
                return known;
            }

            var used = _agent.Leases.Values.ToHashSet();
            var start = (int)(SafeKey.Hash(leaseId) % (ulong)count);
            for (var i = 0; i < count; i++)
            {
                var id = first + ((start + i) % count);
                if (!used.Contains(id))
                {
                    _agent.Leases[leaseId] = id;
                    WriteAgent();
                    return id;
                }
            }

            throw new InvalidOperationException($"all {count} user ids of native workloads are in use");
        }
    }

    public void SetGeneration(long generation)
    {
        lock (_gate)
        {
            _agent.Generation = generation;
            WriteAgent();
        }
    }

    /// <summary>Changes a workload's record, made when absent, and writes it.</summary>
    public WorkloadRecord Change(string id, Action<WorkloadRecord> change)
    {
        lock (_gate)
        {
            if (!_workloads.TryGetValue(id, out var record))
            {
                // Sequences start at the time, not at 0: a workload that was forgotten and comes back must not repeat old numbers.
                _workloads[id] = record = new WorkloadRecord { Id = id, Sequence = _clock.GetUtcNow().ToUnixTimeMilliseconds() };
            }

            change(record);
            Write(record);
            return record;
        }
    }

    /// <summary>
    /// Makes a status of the record as <paramref name="change"/> leaves it. While the last status is not in a report yet, the new one takes its place and its sequence.
    /// </summary>
    public void Report(string id, DateTimeOffset now, long memoryBytes, Action<WorkloadRecord> change)
    {
        Change(id, r =>
        {
            change(r);
            r.Sequence = r.Pending?.Sequence ?? r.Sequence + 1;
            r.Pending = new WorkloadStatus(r.Id, r.Sequence, r.Phase, r.Detail, r.Restarts, now, r.CpuMillisBefore + r.CpuMillisNow, memoryBytes);
        });
        Outbox.Set();
    }

    /// <summary>The report on its way, or a new one of up to <paramref name="max"/> pending statuses; null: nothing to say.</summary>
    public AgentReport? NextReport(long session, int max)
    {
        lock (_gate)
        {
            if (_agent.InFlight.IsEmpty)
            {
                var waiting = _workloads.Values.Where(w => w.Pending is not null).OrderBy(w => w.Pending!.At).ThenBy(w => w.Id, StringComparer.Ordinal).Take(max).ToList();
                if (waiting.Count == 0)
                {
                    return null;
                }

                _agent.InFlight = [.. waiting.Select(w => w.Pending!)];
                _agent.ReportSequence++;
                WriteAgent();
                foreach (var record in waiting)
                {
                    record.Pending = null;
                    Write(record);
                }
            }

            return new AgentReport(session, _agent.ReportSequence, _agent.InFlight);
        }
    }

    /// <summary>The gateway has it. Acknowledgements of other reports (late, doubled) mean nothing.</summary>
    public void Acknowledge(long reportSequence)
    {
        lock (_gate)
        {
            if (reportSequence != _agent.ReportSequence || _agent.InFlight.IsEmpty)
            {
                return;
            }

            _agent.InFlight = [];
            WriteAgent();
        }

        Outbox.Set();
    }

    /// <summary>True when nothing about the workload is left to say.</summary>
    public bool Forget(string id)
    {
        lock (_gate)
        {
            if (!_workloads.TryGetValue(id, out var record))
            {
                return true;
            }

            if (record.Spec is not null || record.Pending is not null || _agent.InFlight.Any(s => s.WorkloadId == id))
            {
                return false;
            }

            _workloads.Remove(id);
            File.Delete(FileOf(id));
            return true;
        }
    }

    private static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), AgentProtocolJson.Options) : null;
        }
        catch (JsonException)
        {
            // Damaged by a disk; kept aside for people. The desired state will be pulled again, what runs is found again.
            File.Move(path, path + ".damaged", overwrite: true);
            return null;
        }
    }

    private string FileOf(string id) => Path.Combine(_folder, "w-" + SafeKey.Of(id) + ".json");

    private void Write(WorkloadRecord record) =>
        AgentPaths.WriteAtomically(FileOf(record.Id), JsonSerializer.SerializeToUtf8Bytes(record, AgentProtocolJson.Options));

    private void WriteAgent() =>
        AgentPaths.WriteAtomically(Path.Combine(_folder, "agent.json"), JsonSerializer.SerializeToUtf8Bytes(_agent, AgentProtocolJson.Options));
}
