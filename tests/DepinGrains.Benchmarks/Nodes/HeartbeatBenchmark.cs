using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Nodes;

/// <summary>
/// Heartbeats in process: all nodes known from rows, each shard fed batches as a gateway feeds them, one batch in flight per shard and gateway.
/// Afterwards one node in a hundred falls silent and the rest goes on at the interval asked for: how late the dead are known, and whether anyone living was declared dead.
/// </summary>
internal static class HeartbeatBenchmark
{
    private const int Gateways = 4;

    public static async Task RunAsync(string[] args)
    {
        var nodes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100_000;
        var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        var folder = Directory.CreateTempSubdirectory("depin-heartbeats-").FullName;
        var store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = Path.Combine(folder, "depin.db") }, NodeRows.Tables);
        await store.Migrator.MigrateAsync();
        var begun = Stopwatch.GetTimestamp();
        var ids = await SeedAsync(store.Rows, nodes);
        Console.WriteLine($"{nodes:N0} nodes written in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s");

        using var host = await StartAsync(store);
        var shards = host.Services.GetRequiredService<LivenessShards>();
        begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(index => shards.Shard(index).WakeAsync()));
        Console.WriteLine($"{shards.Count} shards loaded them in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s");

        foreach (var batch in (int[])[1, 64, 1_024])
        {
            Console.WriteLine(await FloodAsync(shards, ids, batch, seconds));
        }

        await SilenceAsync(store, shards, ids);
        await host.StopAsync();
        await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<Measured> FloodAsync(LivenessShards shards, string[] ids, int size, int seconds)
    {
        var machine = Machine.Watch();
        var started = Stopwatch.GetTimestamp();
        var end = started + (seconds * Stopwatch.Frequency);
        var loops = Enumerable.Range(0, shards.Count).SelectMany(shard =>
        {
            var own = ids.Where(id => shards.IndexOf(id) == shard).Select(id => new Beat(id, 1, 0)).Chunk(size).Select(ImmutableArray.Create).ToArray();
            return Enumerable.Range(0, Gateways).Select(gateway => Task.Run(async () =>
            {
                var latencies = new Latencies();
                for (var i = own.Length * gateway / Gateways; Stopwatch.GetTimestamp() < end; i++)
                {
                    var at = Stopwatch.GetTimestamp();
                    var beats = own[i % own.Length];
                    await shards.Shard(shard).BeatAsync(beats);
                    latencies.Add(at, beats.Length);
                }

                return latencies;
            }));
        }).ToArray();
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(loops))
        {
            all.Merge(latencies);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Measured($"beats, {size} a call", all.Count / elapsed, all.Percentile(0.5), all.Percentile(0.99), elapsed, machine.Stop());
    }

    /// <summary>Every node beats once per interval, except one in a hundred, until those are known to be dead.</summary>
    private static async Task SilenceAsync(DepinStore store, LivenessShards shards, string[] ids)
    {
        var living = ids.Where((_, i) => i % 100 != 0).ToArray();
        var dead = ids.Length - living.Length;
        var begun = Stopwatch.GetTimestamp();
        var interval = 1_000;
        var offline = 0L;
        while (offline < dead && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromMinutes(3))
        {
            var round = Stopwatch.GetTimestamp();
            foreach (var group in living.GroupBy(shards.IndexOf))
            {
                foreach (var chunk in group.Select(id => new Beat(id, 1, 0)).Chunk(1_024))
                {
                    interval = (await shards.Shard(group.Key).BeatAsync([.. chunk]))[0].IntervalMs;
                }
            }

            while (Stopwatch.GetElapsedTime(round).TotalMilliseconds < interval)
            {
                await Task.Delay(100);
                offline = (await store.Rows.CountByAsync("node", "status", [])).Where(group => group.Value is "offline").Sum(group => group.Count);
                if (offline >= dead)
                {
                    break;
                }
            }
        }

        Console.WriteLine($"{offline:N0} offline of {dead:N0} silent nodes, the last known {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s after the silence began; interval {interval} ms; false deaths {Math.Max(0, offline - dead)}");
    }

    private static async Task<string[]> SeedAsync(IRowStore rows, int count)
    {
        var ids = Enumerable.Range(0, count).Select(i => $"node_{i:x32}").ToArray();
        var hardware = new HardwareInventory("Bench CPU", "x64", 8_000, 16L << 30, [new("ephemeral", 100L << 30)], [], "linux", 30_000, 30_099, ["native"]);
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (id, _) =>
        {
            var state = new NodeState { Id = id, Provider = "id_bench", PublicKey = "", Region = "eu", Host = "127.0.0.1", Hardware = hardware, Liveness = NodeStatus.Online, Session = 1, UpdatedAt = DateTimeOffset.UtcNow };
            await rows.CommitAsync(new ChangeSet(new RootWrite(RowId.Root("node", id), 0, NodeRows.Node.Columns(state), Grains.State.RowJson.Write(state)), [], [], []));
        });
        return ids;
    }

    private static async Task<IHost> StartAsync(DepinStore store)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]) });
        builder.Services.AddSingleton(store.Rows);
        builder.Services.AddSingleton(store.Events);
        builder.Services.AddKeyedSingleton(NetworkClock.TimeKey, TimeProvider.System);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddSingleton<NetworkClock>();
#if LOCAL_RUNTIME
        LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(builder.Services, static options => options.AddAssembly(typeof(NodeGrain).Assembly));
#else
        builder.UseOrleans(static silo =>
        {
            Orleans.Hosting.CoreHostingExtensions.UseLocalhostClustering(silo, 11_711, 30_711);
            Orleans.Hosting.SiloBuilderReminderMemoryExtensions.UseInMemoryReminderService(silo);
        });
#endif
        builder.Services.AddDepinNodes(builder.Configuration);
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
