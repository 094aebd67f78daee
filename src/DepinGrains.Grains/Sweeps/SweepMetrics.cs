using System.Diagnostics.Metrics;

namespace DepinGrains.Grains.Sweeps;

/// <summary>How the sweeps do: each shard counts where it lives, so sum over silos. How long the oldest deadline is overdue is in <see cref="Network.MarketMetrics"/>, which also sees sweeps that do not run.</summary>
public sealed class SweepMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Sweeps";

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _lag;
    private readonly Counter<long> _visits;
    private readonly Counter<long> _rounds;

    public SweepMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _duration = meter.CreateHistogram<double>("depin.sweep.duration", "s", "Time of one shard's round over everything that may be due");
        _lag = meter.CreateHistogram<double>("depin.sweep.lag", "s", "How long a thing was due when its sweep came by; its own timer is usually there first");
        _visits = meter.CreateCounter<long>("depin.sweep.visits", "{thing}", "Things that were due, by list and outcome");
        _rounds = meter.CreateCounter<long>("depin.sweep.rounds", "{round}", "Rounds by outcome");
        foreach (var outcome in (string[])["ok", "failed"])
        {
            _rounds.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
            _visits.Add(0, new("list", "deployment"), new("outcome", outcome));
        }
    }

    internal void Round(TimeSpan took, bool ok)
    {
        _duration.Record(took.TotalSeconds);
        _rounds.Add(1, new KeyValuePair<string, object?>("outcome", ok ? "ok" : "failed"));
    }

    internal void Visited(string list, bool ok) => _visits.Add(1, new("list", list), new("outcome", ok ? "ok" : "failed"));

    internal void Late(string list, TimeSpan by) => _lag.Record(Math.Max(0, by.TotalSeconds), new KeyValuePair<string, object?>("list", list));
}
