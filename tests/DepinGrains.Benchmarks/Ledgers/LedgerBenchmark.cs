using System.Diagnostics;
using System.Globalization;
using DepinGrains.Storage;
using DepinGrains.Testing;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>
/// Part 6 of the issue for the ledger: in process (callers, silo and PostgreSQL on one machine, fsync on), interleaved with the stored procedures of peer-postgres on the same server.
/// The index is deferred during a burst (LedgerOptions.IndexDefer…) and drained between runs; part <c>index</c> measures it, and the ledger with it running.
/// </summary>
internal static class LedgerBenchmark
{
    private static readonly string[] AllParts = ["postgres", "hot", "many", "index", "sqlite"];

    public static async Task RunAsync(string[] args)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var parts = args.Length > 2 ? args[2..] : AllParts;
        var results = new List<Measured>();
        if (parts.Any(part => part is not ("sqlite" or "defer")))
        {
            await PostgresAsync(parts, seconds, rounds, results);
        }

        if (parts.Contains("sqlite"))
        {
            await SqliteAsync(parts, seconds, rounds, results);
        }

        Summary(results);
    }

    private static async Task PostgresAsync(string[] parts, int seconds, int rounds, List<Measured> results)
    {
        if (!PostgresCluster.IsAvailable || PeerPostgres.Find() is not { } folder)
        {
            Console.WriteLine("PostgreSQL or ../shared/peer-postgres is absent: these parts are left out");
            return;
        }

        await using var cluster = await PostgresCluster.StartAsync(PeerPostgres.Settings);
        var peer = new PeerPostgres(cluster, folder);
        var server = await peer.PostmasterAsync();
        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() }, Defer(parts));
        await host.MeasureAsync("warm-up", 64, 1, fee: false, 4, server);
        for (var round = 0; round < rounds; round++)
        {
            if (parts.Contains("postgres"))
            {
                Add(results, await peer.MeasureAsync("peer transfer, 64 clients", "a_transfer.sql", 64, seconds, server));
                Add(results, await OursAsync(host, "ledger, 64 callers", 64, 1, false, seconds, server));
                Add(results, await OursAsync(host, "ledger, 256 callers", 256, 1, false, seconds, server));
            }

            if (parts.Contains("hot"))
            {
                Add(results, await peer.MeasureAsync("peer hot fee account, 64 clients", "b_hot.sql", 64, seconds, server));
                Add(results, await OursAsync(host, "ledger hot fee account, 64 callers", 64, 1, true, seconds, server));
                Add(results, await OursAsync(host, "ledger hot fee account, 256", 256, 1, true, seconds, server));
            }

            if (parts.Contains("many"))
            {
                Add(results, await OursAsync(host, "ledger, 100 a call, 16 callers", 16, 100, false, seconds, server));
            }

            if (parts.Contains("index"))
            {
                await IndexAsync(host, results, server);
            }
        }

        var audit = await host.Ledger.AuditAsync();
        Console.WriteLine($"audit: {(audit.IsClean ? "clean" : string.Join("; ", audit.Problems))}, {audit.Transfers:N0} transfers in {audit.Sequence:N0} batches");
    }

    /// <summary>With part <c>defer</c> the index waits for any pause: on a busy machine rates never reach the threshold at which it would.</summary>
    private static Action<Grains.Ledgers.LedgerOptions>? Defer(string[] parts) =>
        parts.Contains("defer") ? static options => options.IndexDeferRate = 200 : null;

    private static async Task SqliteAsync(string[] parts, int seconds, int rounds, List<Measured> results)
    {
        var folder = Directory.CreateTempSubdirectory("depin-bench-").FullName;
        await using (var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "sqlite", Connection = Path.Combine(folder, "depin.db") }, Defer(parts)))
        {
            await host.MeasureAsync("warm-up", 64, 1, fee: false, 3, 0);
            for (var round = 0; round < rounds; round++)
            {
                Add(results, await OursAsync(host, "ledger on SQLite, 64 callers", 64, 1, false, seconds, 0));
            }
        }

        Directory.Delete(folder, true);
    }

    private static async Task<Measured> OursAsync(LedgerHost host, string name, int callers, int perCall, bool fee, int seconds, int server)
    {
        await host.DrainIndexAsync();
        return await host.MeasureAsync(name, callers, perCall, fee, seconds, server);
    }

    /// <summary>Rows built behind the journal while nobody else works: a burst is written first, then drained.</summary>
    private static async Task IndexAsync(LedgerHost host, List<Measured> results, int server)
    {
        await host.DrainIndexAsync();
        var before = (await host.Ledger.AuditAsync()).Transfers;
        var burst = await host.MeasureAsync("burst", 16, 100, fee: false, 2, server);
        var from = await host.Journal.IndexedThroughAsync("uakt");
        var head = await host.Journal.HeadAsync("uakt");
        var machine = Machine.Watch(server);
        var started = Stopwatch.GetTimestamp();
        await host.DrainIndexAsync();
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var cpu = machine.Stop();
        var transfers = ((await host.Ledger.AuditAsync()).Transfers - before) * (head - from) / Math.Max(1, head - from);
        Add(results, new Measured($"index rows of a burst of {burst.Rate * 2:N0}", transfers / elapsed, elapsed * 1000, elapsed * 1000, elapsed, cpu));
    }

    private static void Add(List<Measured> results, Measured measured)
    {
        results.Add(measured);
        Console.WriteLine(measured);
    }

    private static void Summary(List<Measured> results)
    {
        Console.WriteLine();
        Console.WriteLine("medians (clean runs only, where there are any)");
        var medians = new Dictionary<string, double>();
        foreach (var group in results.GroupBy(result => result.Name))
        {
            var clean = group.Where(result => result.Cpu.IsClean).ToArray();
            var chosen = (clean.Length > 0 ? clean : [.. group]).OrderBy(result => result.Rate).ToArray();
            var median = chosen[chosen.Length / 2];
            medians[group.Key] = median.Rate;
            var peer = group.Key.Contains("hot", StringComparison.Ordinal) ? medians.GetValueOrDefault("peer hot fee account, 64 clients") : medians.GetValueOrDefault("peer transfer, 64 clients");
            var ratio = peer > 0 ? $"  {median.Rate / peer,6:F1} x peer" : "";
            Console.WriteLine($"{group.Key,-34} {median.Rate,10:N0}/s  p50 {median.P50,8:F2} ms  p99 {median.P99,8:F2} ms  cpu {median.CpuMicroseconds,6:F1} us each  {clean.Length} of {group.Count()} clean{ratio}");
        }
    }
}
