using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using DepinGrains.Agent.State;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Telemetry;

/// <summary>What can go wrong with a workload where it runs.</summary>
internal enum ExecutorFault
{
    /// <summary>It did not start; it is tried again.</summary>
    Start,

    /// <summary>It can never run here as it is ordered.</summary>
    Refused,

    /// <summary>It ended, or was ended because it took more than its lease has; it is started again.</summary>
    Ended,

    /// <summary>Looking after it failed.</summary>
    Watch,
}

/// <summary>
/// What an agent tells the owner of its machine: connection, heartbeats, workloads, capacity. One per agent, as long as it runs. Every label has a handful of values, whatever tenants order: no lease, image or
/// gateway is one.
/// </summary>
internal sealed class AgentMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Agent";

    private static readonly ImmutableArray<(WorkloadPhase Phase, string Text)> Phases = [.. Enum.GetValues<WorkloadPhase>().Select(static p => (p, Snake(p.ToString())))];

    private readonly Meter _meter = new(MeterName);
    private readonly StateStore _store;
    private readonly Counter<long> _connections;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _beats;
    private readonly Counter<long> _late;
    private readonly Counter<long> _faults;
    private HardwareInventory? _hardware;
    private int _connected;

    /// <param name="executors">Names of those that work here.</param>
    public AgentMetrics(StateStore store, IEnumerable<string> executors)
    {
        _store = store;
        _connections = _meter.CreateCounter<long>("depin.agent.connections", "{connection}", "Connections that a gateway let in; all but the first are reconnections");
        _failures = _meter.CreateCounter<long>("depin.agent.connection.failures", "{connection}", "Connections that were not let in, or broke");
        _beats = _meter.CreateCounter<long>("depin.agent.heartbeats", "{beat}", "Heartbeats sent");
        _late = _meter.CreateCounter<long>("depin.agent.heartbeats.late", "{beat}", "Heartbeats sent more than half an interval after they were due: the machine or the connection is too busy");
        _faults = _meter.CreateCounter<long>("depin.agent.executor.errors", "{error}", "Workloads that did not start, cannot run here, ended, or could not be looked after, by executor");
        _meter.CreateObservableGauge("depin.agent.connected", () => Volatile.Read(ref _connected), "{connection}", "1 while a gateway has let this agent in");
        _meter.CreateObservableGauge("depin.agent.workloads", Workloads, "{workload}", "Workloads known here, by phase");
        _meter.CreateObservableGauge("depin.agent.capacity.cpu", () => Share(static h => h.CpuMilli / 1000d, static s => s.CpuMilli / 1000d), "{core}", "CPU cores of this machine, free and reserved");
        _meter.CreateObservableGauge("depin.agent.capacity.memory", () => Share(static h => h.MemoryBytes, static s => s.MemoryBytes), "By", "Memory of this machine, free and reserved");
        _meter.CreateObservableGauge("depin.agent.capacity.storage", () => Share(static h => h.Storage.Sum(static c => c.Bytes), static s => s.StorageBytes + Volumes(s)), "By", "Storage of this machine, all classes, free and reserved");
        _meter.CreateObservableGauge("depin.agent.capacity.gpus", () => Share(static h => h.Gpus.Length, static s => s.GpuUuids.IsDefault ? 0 : s.GpuUuids.Length), "{gpu}", "Cards of this machine, free and reserved");

        // From the first scrape on, so that a rate sees the first of them.
        foreach (var counter in (Counter<long>[])[_connections, _failures, _beats, _late])
        {
            counter.Add(0);
        }

        foreach (var (executor, fault) in executors.SelectMany(static e => Enum.GetValues<ExecutorFault>().Select(f => (e, f))))
        {
            Fault(executor, fault, 0);
        }
    }

    /// <summary>Null while a gateway has let this agent in, else a word of why not.</summary>
    public string? NotReady => Volatile.Read(ref _connected) == 0 ? "not connected" : null;

    public void Detected(HardwareInventory hardware) => Volatile.Write(ref _hardware, hardware);

    public void Connected()
    {
        _connections.Add(1);
        Volatile.Write(ref _connected, 1);
    }

    /// <summary>The connection is over, if there was one.</summary>
    public void Disconnected() => Volatile.Write(ref _connected, 0);

    public void ConnectionFailed() => _failures.Add(1);

    /// <param name="sinceLast">Since the heartbeat before on this connection; null: it is the first.</param>
    public void Beat(TimeSpan? sinceLast, TimeSpan interval)
    {
        _beats.Add(1);
        if (sinceLast > interval * 1.5)
        {
            _late.Add(1);
        }
    }

    /// <param name="executor">Null: none takes the workload.</param>
    public void Fault(string? executor, ExecutorFault fault, int count = 1) => _faults.Add(count, new("executor", executor ?? "none"), new("kind", Snake(fault.ToString())));

    public void Dispose() => _meter.Dispose();

    private static string Snake(string name) => string.Concat(name.Select(static (c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private static long Volumes(WorkloadSpec spec) => spec.Volumes.IsDefault ? 0 : spec.Volumes.Sum(static v => v.Bytes);

    private IEnumerable<Measurement<long>> Workloads()
    {
        var counts = _store.Workloads.CountBy(static w => w.Phase).ToDictionary();
        return Phases.Select(p => new Measurement<long>(counts.GetValueOrDefault(p.Phase), new KeyValuePair<string, object?>("phase", p.Text)));
    }

    private IEnumerable<Measurement<double>> Share(Func<HardwareInventory, double> all, Func<WorkloadSpec, double> of)
    {
        if (Volatile.Read(ref _hardware) is not { } hardware)
        {
            yield break;
        }

        var (whole, reserved) = (all(hardware), _store.Workloads.Select(static w => w.Spec).OfType<WorkloadSpec>().Sum(of));
        yield return new Measurement<double>(Math.Max(0, whole - reserved), new KeyValuePair<string, object?>("state", "free"));
        yield return new Measurement<double>(reserved, new KeyValuePair<string, object?>("state", "reserved"));
    }
}
