using System.Diagnostics.Metrics;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Grains.Emissions;

/// <summary>What TAO's emission tells operators. Gauges show the last settlement of the activation this process holds.</summary>
public sealed class EmissionMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Emissions";

    private readonly Counter<long> _emitted;
    private readonly Counter<long> _returned;
    private readonly Counter<long> _draws;
    private EmissionRow? _last;

    public EmissionMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _emitted = meter.CreateCounter<long>("depin.emission.issued", "{rao}", "Rao issued by blocks");
        _returned = meter.CreateCounter<long>("depin.emission.returned", "{rao}", "Rao that came back to unissued: registrations, dust, subnets that ended");
        _draws = meter.CreateCounter<long>("depin.emission.draws", "{epoch}", "Epochs of subnets that drew their emission");
        meter.CreateObservableGauge("depin.emission.issuance", () => Show(static r => r.Issuance), "{rao}", "Rao issued and not recycled");
        meter.CreateObservableGauge("depin.emission.per_block", () => Show(static r => TaoEmission.PerBlock((ulong)Math.Max(0, r.Issuance))), "{rao}", "Rao a block issues if every share has an owner");
        meter.CreateObservableGauge("depin.emission.pending", () => Show(static r => r.Pending.Sum(static p => p.Total)), "{rao}", "Rao issued and not yet drawn by an epoch");
    }

    internal void Settled(EmissionRow row, long emitted, long returned)
    {
        _last = row;
        _emitted.Add(emitted);
        _returned.Add(returned);
    }

    internal void Drawn(int netuid) => _draws.Add(1, new KeyValuePair<string, object?>("netuid", netuid));

    internal void Gone() => _last = null;

    private IEnumerable<Measurement<long>> Show(Func<EmissionRow, long> value) => _last is { } row ? [new Measurement<long>(value(row))] : [];
}
