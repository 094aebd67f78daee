using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Benchmarks.Nodes;

/// <summary>
/// Heartbeats in process: all nodes known from rows, each shard fed batches as gateways feed them, one batch in flight per shard and gateway. Then one node in a hundred falls silent while
/// all others go on at full load: how late the dead are written down, and whether anyone living was.
/// </summary>
internal static class HeartbeatBenchmark
{
    private const int Gateways = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Bench bench)
    {
        var nodes = bench.Settings.Size(100_000, 20_000);
        await OnHostAsync(nodes, TimeSpan.FromMinutes(1), async (_, shards, ids) =>
        {

            // Until the runtime's methods are compiled for good a call costs three times as much.
            await FloodAsync(shards, ids, 1, bench.Settings.Size(20, 6));
            await FloodAsync(shards, ids, 64, bench.Settings.Size(5, 2));
            var medians = await bench.InterleaveAsync(
                new Side("beats, 1 a call", seconds => FloodAsync(shards, ids, 1, seconds)),
                new Side("beats, 64 a call", seconds => FloodAsync(shards, ids, 64, seconds)));
            var note = string.Create(CultureInfo.InvariantCulture, $"{nodes:N0} nodes, {shards.Count} shards");
            bench.AddRate("heartbeats", "in process, 64 a call as a gateway batches them", medians[1], 150_000, "SQLite", "one process", note: note);
            bench.AddRate("heartbeats", "in process, one a call", medians[0], 150_000, "SQLite", "one process", note: note);
        });
        await OnHostAsync(nodes, Interval, (store, shards, ids) => SilenceAsync(bench, store, shards, ids));
    }

    private static async Task OnHostAsync(int nodes, TimeSpan interval, Func<DepinStore, LivenessShards, string[], Task> runAsync)
    {
        using var folder = new TemporaryFolder();
        await using var store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = folder.File("depin.db") }, NodeRows.Tables);
        await store.Migrator.MigrateAsync();
        var ids = await HeartbeatHost.SeedAsync(store.Rows, nodes, "", NodeStatus.Online);
        using var host = await HeartbeatHost.StartAsync(store, interval);
        var shards = host.Services.GetRequiredService<LivenessShards>();
        Bench.Say($"{ids.Length:N0} nodes watched by {shards.Count} shards");
        await runAsync(store, shards, ids);
        await host.StopAsync();
    }

    private static async Task<Measured> FloodAsync(LivenessShards shards, string[] ids, int size, int seconds)
    {
        var batches = Enumerable.Range(0, shards.Count).Select(shard => HeartbeatHost.Batches(shards, ids, shard, size)).ToArray();
        return await Callers.RunAsync($"beats, {size} a call", shards.Count * Gateways, seconds, 0, async (caller, n) =>
        {
            var own = batches[caller % shards.Count];
            var beats = own[((own.Length * (caller / shards.Count) / Gateways) + n) % own.Length];
            await shards.Shard(caller % shards.Count).BeatAsync(beats);
            return beats.Length;
        });
    }

    private static async Task SilenceAsync(Bench bench, DepinStore store, LivenessShards shards, string[] ids)
    {
        var living = ids.Where(static (_, i) => i % 100 != 0).ToArray();
        var dead = ids.Length - living.Length;
        for (var shard = 0; shard < shards.Count; shard++)
        {
            foreach (var batch in HeartbeatHost.Batches(shards, ids, shard, 1_024))
            {
                await shards.Shard(shard).BeatAsync(batch);
            }
        }

        var before = await HeartbeatHost.OfflineAsync(store.Rows);
        var begun = Stopwatch.GetTimestamp();
        var machine = Machine.Watch();
        var limit = (3 * Interval) + TimeSpan.FromSeconds(1);
        var flood = FloodAsync(shards, living, 64, (int)limit.TotalSeconds + 3);
        var known = TimeSpan.MaxValue;
        var offline = 0L;
        while (!flood.IsCompleted)
        {
            offline = await HeartbeatHost.OfflineAsync(store.Rows) - before;
            if (offline >= dead && known == TimeSpan.MaxValue)
            {
                known = Stopwatch.GetElapsedTime(begun);
            }

            await Task.Delay(50);
        }

        var measured = await flood;
        var cpu = machine.Stop();
        var late = known == TimeSpan.MaxValue ? double.PositiveInfinity : known.TotalSeconds;
        var wrong = Math.Max(0, offline - dead) + before;
        Bench.Say($"{offline:N0} offline of {dead:N0} silent, the last known after {late:F2} s (limit {limit.TotalSeconds:F0} s), {wrong} of the living declared dead, {measured.Rate:N0} beats/s meanwhile; {cpu}");
        bench.AddAtMost(
            "heartbeats", string.Create(CultureInfo.InvariantCulture, $"the last of {dead:N0} silent nodes written down as offline, the others at full load ({measured.Rate:N0}/s)"),
            double.IsInfinity(late) ? 999 : late, "s", limit.TotalSeconds, cpu, "SQLite", "one process", "3 intervals of 2 s + 1 s");
        bench.AddAtMost("heartbeats", "living nodes declared dead meanwhile", wrong, "nodes", 0, cpu, "SQLite", "one process");
    }
}
