using System.Diagnostics.Metrics;
using System.Globalization;

namespace DepinGrains.Grains.Subnets;

/// <summary>What subnets tell operators; every instrument carries <c>netuid</c>.</summary>
public sealed class SubnetMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Subnets";

    private readonly Counter<long> _epochs;
    private readonly Counter<long> _paid;
    private readonly Counter<long> _dust;
    private readonly Counter<long> _registrations;
    private readonly Counter<long> _recycled;
    private readonly Counter<long> _deregistrations;
    private readonly Counter<long> _weights;
    private readonly Histogram<double> _duration;

    public SubnetMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _epochs = meter.CreateCounter<long>("depin.subnet.epochs", "{epoch}", "Epochs done");
        _paid = meter.CreateCounter<long>("depin.subnet.paid", "{rao}", "Rao paid by epochs, the owner's cut included");
        _dust = meter.CreateCounter<long>("depin.subnet.dust", "{rao}", "Rao that rounding left unissued");
        _registrations = meter.CreateCounter<long>("depin.subnet.registrations", "{uid}", "Uids registered");
        _recycled = meter.CreateCounter<long>("depin.subnet.recycled", "{rao}", "Rao recycled by registrations");
        _deregistrations = meter.CreateCounter<long>("depin.subnet.deregistrations", "{uid}", "Uids lost, by reason");
        _weights = meter.CreateCounter<long>("depin.subnet.weights", "{submission}", "Weights taken");
        _duration = meter.CreateHistogram<double>("depin.subnet.epoch.duration", "s", "From drawing emission to the epoch's payments");
    }

    internal void Epoch(int netuid, double seconds, long paid, long dust, int swept)
    {
        var tag = Tag(netuid);
        _epochs.Add(1, tag);
        _paid.Add(paid, tag);
        _dust.Add(dust, tag);
        _duration.Record(seconds, tag);
        _deregistrations.Add(swept, tag, new KeyValuePair<string, object?>("reason", "swept"));
    }

    internal void Registered(int netuid, long price, bool replaced)
    {
        var tag = Tag(netuid);
        _registrations.Add(1, tag);
        _recycled.Add(price, tag);
        _deregistrations.Add(replaced ? 1 : 0, tag, new KeyValuePair<string, object?>("reason", "replaced"));
    }

    internal void WeightsSet(int netuid) => _weights.Add(1, Tag(netuid));

    private static KeyValuePair<string, object?> Tag(int netuid) => new("netuid", netuid.ToString(CultureInfo.InvariantCulture));
}
