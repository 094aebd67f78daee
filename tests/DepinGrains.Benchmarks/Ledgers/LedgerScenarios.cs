using System.Diagnostics;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Peers;
using DepinGrains.Storage;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>
/// Transfers in process: callers, silo and PostgreSQL on one machine, fsync on, interleaved with the stored procedures of peer-postgres on the same server.
/// The index waits while a burst is above LedgerOptions.IndexDeferRate and is drained between runs; <c>ledger-index</c> measures it running along,
/// <c>ledger-sustained</c> a burst that does not end.
/// </summary>
internal static class LedgerScenarios
{
    private const string Layout = "callers and silo in one process, server beside it";

    /// <summary>Single transfers with ids, against the procedure at 64 clients.</summary>
    public static Task UniformAsync(Bench bench) => OnPostgresAsync(bench, async (host, peer) =>
    {
        var medians = await bench.InterleaveAsync(
            peer.Side("procedure, 64 clients", "a_transfer.sql", 64, bench.Postmaster),
            Ours(host, "ledger, 64 callers", 64, 1, fee: false, bench.Postmaster),
            Ours(host, "ledger, 256 callers", 256, 1, fee: false, bench.Postmaster));
        bench.AddRate("ledger", "single transfers with ids, 10,000 accounts, 64 callers", medians[1], 15, "PostgreSQL", Layout, medians[0], "procedure, 64 clients");
        bench.AddRate("ledger", "the same, 256 callers", medians[2], 30, "PostgreSQL", Layout, medians[0], "procedure, 64 clients");
    });

    /// <summary>One fee account in every transfer, against our own rate without it and the procedure's.</summary>
    public static Task HotAsync(Bench bench) => OnPostgresAsync(bench, async (host, peer) =>
    {
        var medians = await bench.InterleaveAsync(
            peer.Side("procedure, fee account, 64 clients", "b_hot.sql", 64, bench.Postmaster),
            Ours(host, "ledger, no fee, 256 callers", 256, 1, fee: false, bench.Postmaster),
            Ours(host, "ledger, fee account, 256 callers", 256, 1, fee: true, bench.Postmaster));
        bench.AddRate("ledger-hot", "one fee account in every transfer, 256 callers", medians[2], 0.9, "PostgreSQL", Layout, medians[1], "ours without it");
        bench.AddRate("ledger-hot", "the same", medians[2], 60, "PostgreSQL", Layout, medians[0], "procedure, 64 clients");
    });

    /// <summary>100 transfers a call.</summary>
    public static async Task ManyAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() });
        var median = (await bench.InterleaveAsync(Ours(host, "ledger, 100 a call, 16 callers", 16, 100, fee: false, bench.Postmaster)))[0];
        bench.AddRate("ledger-many", "100 transfers a call, 16 callers", median, 500_000, "PostgreSQL", Layout, note: "latencies are of calls");
    }

    /// <summary>On SQLite.</summary>
    public static async Task SqliteAsync(Bench bench)
    {
        using var folder = new TemporaryFolder();
        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "sqlite", Connection = folder.File("depin.db") });
        var median = (await bench.InterleaveAsync(Ours(host, "ledger on SQLite, 64 callers", 64, 1, fee: false, 0)))[0];
        await AuditAsync(host);
        bench.AddRate("ledger-sqlite", "single transfers with ids, 64 callers", median, 100_000, "SQLite", "one process");
    }

    /// <summary>Transfers come at 40,000/s, 50 a call; how far the rows behind the journal lag, in seconds, and what is left when they stop.</summary>
    public static async Task IndexAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        const int rate = 40_000;
        const int perCall = 50;
        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() });
        await host.PaceAsync(rate, perCall, bench.Settings.WarmUp);
        await host.DrainIndexAsync();
        var seconds = bench.Settings.Size(30, 6);
        using var stop = new CancellationTokenSource();
        var lag = LagAsync(host, stop.Token);
        var machine = Machine.Watch(bench.Postmaster);
        var started = Stopwatch.GetTimestamp();
        var sent = await host.PaceAsync(rate, perCall, seconds);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var drain = Stopwatch.GetTimestamp();
        await host.DrainIndexAsync();
        var left = Stopwatch.GetElapsedTime(drain).TotalSeconds;
        var cpu = machine.Stop();
        await stop.CancelAsync();
        var worst = Math.Max(await lag, left);
        Bench.Say($"{sent / elapsed:N0} transfers/s came, the rows lagged at most {worst:F1} s behind, the rest took {left:F1} s; {cpu}");
        var came = sent / elapsed;
        bench.Report.Add(new Line("ledger-index", "statement rows behind the journal, at 40,000 transfers/s", worst, "s", "≤ 5 s at ≥ 40,000/s", worst <= 5 && came >= rate * 0.99)
        {
            Foreign = cpu.Foreign,
            Idle = cpu.Idle,
            Store = "PostgreSQL",
            Layout = Layout,
            Note = FormattableString.Invariant($"{came:N0}/s came in"),
        });
    }

    /// <summary>A burst of 64 callers that goes on for a minute: its rate with the rows built along, as far as they must.</summary>
    public static async Task SustainedAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() });
        await host.MeasureAsync("warm-up", 64, 1, fee: false, bench.Settings.WarmUp, bench.Postmaster);
        await host.DrainIndexAsync();
        var measured = await host.MeasureAsync("ledger, 64 callers, a minute", 64, 1, fee: false, bench.Settings.Size(60, 6), bench.Postmaster);
        Bench.Say(measured);
        var drain = Stopwatch.GetTimestamp();
        await host.DrainIndexAsync();
        bench.AddRate("ledger-sustained", "single transfers with ids, 64 callers, one run of a minute", new Median(measured, [measured.Rate]), 30_000, "PostgreSQL", Layout,
            note: FormattableString.Invariant($"the rows were there {Stopwatch.GetElapsedTime(drain).TotalSeconds:F1} s after the end"));
    }

    private static Side Ours(LedgerHost host, string name, int callers, int perCall, bool fee, int server) => new(name, async seconds =>
    {
        await host.DrainIndexAsync();
        return await host.MeasureAsync(name, callers, perCall, fee, seconds, server);
    });

    private static async Task OnPostgresAsync(Bench bench, Func<LedgerHost, PeerPostgres, Task> measureAsync)
    {
        if (await bench.PostgresAsync() is not { } cluster || PeerPostgres.Find(cluster) is not { } peer)
        {
            return;
        }

        await using var host = await LedgerHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() });
        await measureAsync(host, peer);
        await AuditAsync(host);
    }

    private static async Task AuditAsync(LedgerHost host)
    {
        var audit = await host.Ledger.AuditAsync();
        Bench.Say($"audit: {(audit.IsClean ? "clean" : string.Join("; ", audit.Problems))}, {audit.Transfers:N0} transfers in {audit.Sequence:N0} batches");
    }

    /// <summary>Largest age of a batch that was not indexed yet, looked at every 50 ms.</summary>
    private static async Task<double> LagAsync(LedgerHost host, CancellationToken stop)
    {
        var seen = new Queue<(long Sequence, long At)>();
        var worst = 0.0;
        while (!stop.IsCancellationRequested)
        {
            seen.Enqueue((await host.Journal.HeadAsync(LedgerHost.Token, CancellationToken.None), Stopwatch.GetTimestamp()));
            var through = await host.Journal.IndexedThroughAsync(LedgerHost.Token, CancellationToken.None);
            while (seen.TryPeek(out var oldest) && oldest.Sequence <= through)
            {
                seen.Dequeue();
            }

            if (seen.TryPeek(out var waiting))
            {
                worst = Math.Max(worst, Stopwatch.GetElapsedTime(waiting.At).TotalSeconds);
            }

            await Task.Delay(50, CancellationToken.None);
        }

        return worst;
    }
}
