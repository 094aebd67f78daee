using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DepinGrains.LocalRuntime;

/// <summary>Activations and calls of this process's engines. Orleans tells the same under names of its own.</summary>
internal static class EngineMetrics
{
    private static readonly Meter Meter = new("DepinGrains.LocalRuntime");
    private static readonly ConcurrentDictionary<GrainEngine, byte> Engines = new();

    static EngineMetrics()
    {
        Meter.CreateObservableGauge("depin.runtime.activations", Activations, "{activation}", "Grains in memory, by class");
        Meter.CreateObservableCounter("depin.runtime.calls", Calls, "{call}", "Calls of grains begun, by class");
    }

    internal static void Started(GrainEngine engine) => Engines.TryAdd(engine, 0);

    internal static void Ended(GrainEngine engine) => Engines.TryRemove(engine, out _);

    private static IEnumerable<Measurement<long>> Activations() => Engines.Keys.SelectMany(static e => e.Directory.Unordered()).GroupBy(static a => a.Class.Name)
        .Select(static g => new Measurement<long>(g.Count(), new KeyValuePair<string, object?>("grain_type", g.Key)));

    private static IEnumerable<Measurement<long>> Calls() => Engines.Keys.SelectMany(static e => e.Catalog.Classes).GroupBy(static c => c.Name)
        .Select(static g => new Measurement<long>(g.Sum(static c => c.Calls), new KeyValuePair<string, object?>("grain_type", g.Key)));
}
