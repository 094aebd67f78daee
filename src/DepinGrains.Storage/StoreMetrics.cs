using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage;

/// <summary>Measurements of the store.</summary>
public static class StoreMetrics
{
    /// <summary>Name of the meter, for the telemetry set-up.</summary>
    public const string MeterName = "DepinGrains.Storage";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Commits = Meter.CreateCounter<long>("depin.store.commits", "{change set}", "Change sets by outcome.");
    private static readonly Histogram<int> Items = Meter.CreateHistogram<int>("depin.store.batch.items", "{item}", "Change sets and journal batches gathered into one transaction.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("depin.store.batch.duration", "s", "Time of one transaction, commit included.");
    private static readonly KeyValuePair<string, object?>[] Outcomes =
        [.. Enum.GetValues<CommitStatus>().Select(s => new KeyValuePair<string, object?>("outcome", Name(s)))];

    private static readonly ConcurrentDictionary<IStore, byte> Stores = new();

    static StoreMetrics() => Meter.CreateObservableGauge("depin.store.waiting", () => Stores.Keys.Sum(store => store.Waiting), "{item}", "Change sets and journal batches that wait for a committer.");

    /// <summary>Every outcome is there from the start, at zero: the rate of one that never came is 0, not absent.</summary>
    internal static void Opened(IStore store)
    {
        Stores.TryAdd(store, 0);
        foreach (var outcome in Outcomes)
        {
            Commits.Add(0, outcome);
        }
    }

    internal static void Closed(IStore store) => Stores.TryRemove(store, out _);

    internal static void Committed(CommitStatus status) => Commits.Add(1, Outcomes[(int)status]);

    internal static void Batch(int items, TimeSpan took)
    {
        Items.Record(items);
        Duration.Record(took.TotalSeconds);
    }

    private static string Name(CommitStatus status) => status switch
    {
        CommitStatus.Committed => "committed",
        CommitStatus.Conflict => "conflict",
        CommitStatus.Rejected => "rejected",
        _ => "unknown",
    };
}
