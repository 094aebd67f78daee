using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>What the shards of this process count.</summary>
public sealed class LivenessMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Nodes";

    private readonly Counter<long> _beats;
    private readonly Counter<long> _deaths;
    private readonly ConcurrentDictionary<int, int> _watched = new();

    /// <summary>Creates the instruments.</summary>
    public LivenessMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _beats = meter.CreateCounter<long>("depin.liveness.beats", "{beat}", "Heartbeats taken");
        _deaths = meter.CreateCounter<long>("depin.liveness.deaths", "{node}", "Nodes declared dead");
        _deaths.Add(0);
        meter.CreateObservableGauge("depin.liveness.watched", () => _watched.Values.Sum(), "{node}", "Nodes whose beats are expected");
    }

    /// <summary>Beats taken.</summary>
    public void Beats(int count) => _beats.Add(count);

    /// <summary>One node declared dead.</summary>
    public void Died() => _deaths.Add(1);

    /// <summary>Nodes a shard watches.</summary>
    public void Watched(int shard, int nodes) => _watched[shard] = nodes;
}
