using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace DepinGrains.Grains.Network;

/// <summary>One value of a gauge of the market.</summary>
/// <param name="Gauge">Name of the instrument.</param>
public readonly record struct MarketValue(string Gauge, double Value, ImmutableArray<KeyValuePair<string, object?>> Labels);

/// <summary>
/// Gauges of the whole market, the same in every process that reads them (<see cref="MarketMetricsReader"/>): aggregate with <c>max</c> over instances, never with <c>sum</c>. Labels are bounded:
/// states are words of this code, models and classes the <see cref="ClassesMax"/> most frequent, the rest together as <c>other</c>.
/// </summary>
public sealed class MarketMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Market";

    /// <summary>Classes of hardware told apart.</summary>
    public const int ClassesMax = 50;

    /// <summary>Nodes by state.</summary>
    public const string Nodes = "depin.nodes";

    /// <summary>Cores, by <c>state</c> (free, reserved) and the <c>status</c> of their node.</summary>
    public const string Cpu = "depin.capacity.cpu.cores";

    /// <summary>Bytes of memory, likewise.</summary>
    public const string Memory = "depin.capacity.memory";

    /// <summary>Bytes of storage of all classes, likewise.</summary>
    public const string Storage = "depin.capacity.storage";

    /// <summary>Cards, likewise, by the <c>model</c> most of their node's cards have.</summary>
    public const string Gpus = "depin.capacity.gpus";

    /// <summary>Leases that are not closed, by <c>status</c> and <c>resource_class</c>.</summary>
    public const string Leases = "depin.leases";

    /// <summary>Deployments that are not closed, by <c>status</c>.</summary>
    public const string Deployments = "depin.deployments";

    /// <summary>Open orders.</summary>
    public const string Orders = "depin.orders";

    /// <summary>Whole tokens in being, by <c>token</c>.</summary>
    public const string Supply = "depin.ledger.supply";

    /// <summary>US dollars for a whole token in force, by <c>token</c>.</summary>
    public const string Price = "depin.oracle.price.usd";

    /// <summary>Age of the youngest price that a feeder posted, by <c>token</c>; absent while prices come from configuration.</summary>
    public const string PriceAge = "depin.oracle.price.age";

    /// <summary>For how long the oldest deadline is overdue, by <c>list</c>.</summary>
    public const string Overdue = "depin.sweep.overdue";

    /// <summary>Subnets by <c>status</c>.</summary>
    public const string Subnets = "depin.subnets";

    /// <summary>Uids of a subnet, by <c>netuid</c> and <c>role</c>: registered, validator (permitted by its last epoch), miner (given incentive by it).</summary>
    public const string Uids = "depin.subnet.uids";

    private static readonly (string Name, string Unit, string Description)[] Gauges =
    [
        (Nodes, "{node}", "Nodes by state"),
        (Cpu, "{core}", "CPU cores of nodes, free and reserved"),
        (Memory, "By", "Memory of nodes, free and reserved"),
        (Storage, "By", "Storage of nodes, all classes, free and reserved"),
        (Gpus, "{gpu}", "Cards of nodes, free and reserved, by the model most of the node's cards have"),
        (Leases, "{lease}", "Leases that are not closed"),
        (Deployments, "{deployment}", "Deployments that are not closed"),
        (Orders, "{order}", "Orders that wait for a lease"),
        (Supply, "{token}", "Whole tokens in being, as far as the ledger's rows are built"),
        (Price, "{USD}", "US dollars for a whole token, as in force"),
        (PriceAge, "s", "Age of the youngest price a feeder posted"),
        (Subnets, "{subnet}", "Subnets by status"),
        (Uids, "{uid}", "Uids of active subnets: registered, permitted to validate and given incentive by the last epoch"),
        (Overdue, "s", "For how long the oldest deadline is overdue"),
    ];

    private readonly TimeProvider _time;
    private ImmutableArray<MarketValue> _values = [];
    private long _readAt;

    public MarketMetrics(IMeterFactory meters, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _time = time;
        var meter = meters.Create(MeterName);
        foreach (var (name, unit, description) in Gauges)
        {
            meter.CreateObservableGauge(name, () => Of(name), unit, description + "; the same in every process: max over instances");
        }

        meter.CreateObservableGauge("depin.market.read.age", Age, "s", "Age of the market's gauges in this process");
    }

    /// <summary>As last read.</summary>
    public ImmutableArray<MarketValue> Values => _values;

    /// <summary>Replaces all values at once: what is no more is no series any more.</summary>
    internal void Set(ImmutableArray<MarketValue> values)
    {
        _values = values;
        Volatile.Write(ref _readAt, _time.GetTimestamp());
    }

    private IEnumerable<Measurement<double>> Of(string gauge) => _values.Where(v => v.Gauge == gauge).Select(static v => new Measurement<double>(v.Value, v.Labels.AsSpan()));

    private IEnumerable<Measurement<double>> Age()
    {
        if (Volatile.Read(ref _readAt) is not 0 and var at)
        {
            yield return new Measurement<double>(_time.GetElapsedTime(at).TotalSeconds);
        }
    }
}
