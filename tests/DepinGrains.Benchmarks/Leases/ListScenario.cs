using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Gateway.Leases;
using DepinGrains.Grains;
using DepinGrains.Grains.Leases;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using DepinGrains.Testing;
using Npgsql;

namespace DepinGrains.Benchmarks.Leases;

/// <summary>
/// Lists over a million leases: by owner, provider and state, newest first, the first page of 50 and the one after it, each as the gateway lists them (rows read and shown), against the
/// same SQL by hand on a typed indexed table of the same leases. Warm with 4 readers; cold with one, after the server was restarted and its files dropped from the page cache.
/// </summary>
internal static class ListScenario
{
    private const int Readers = 4;
    private const int PageSize = 50;
    private static readonly string[] Statuses = ["active", "insufficient_funds", "closed"];

    public static async Task RunAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        var connection = await cluster.NewDatabaseAsync();
        var count = bench.Settings.Size(1_000_000, 200_000);
        await using (var store = StoreRegistration.Open(new StoreOptions { Kind = "postgres", Connection = connection }, MarketServices.Tables))
        {
            await store.Migrator.MigrateAsync();
            var begun = Stopwatch.GetTimestamp();
            await LeaseData.SeedAsync(connection, count);
            Bench.Say($"{count:N0} leases written in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s");
            await WarmAsync(bench, store.Rows, connection, count);
        }

        await ColdAsync(bench, cluster, connection, count);
        await cluster.ExecuteAsync($"DROP DATABASE {new NpgsqlConnectionStringBuilder(connection).Database} WITH (FORCE)");
    }

    private static async Task WarmAsync(Bench bench, IRowStore rows, string connection, int count)
    {
        await using var pool = Pool(connection);
        await ColdRunAsync(bench, (random, _) => ByHandAsync(pool, random), 100);
        await ColdRunAsync(bench, (random, _) => OursAsync(rows, random), 100);
        var randoms = Enumerable.Range(0, Readers).Select(static i => new Random(i)).ToArray();
        var medians = await bench.InterleaveAsync(
            new Side("SQL by hand, warm", seconds => Callers.RunAsync("SQL by hand, warm", Readers, seconds, bench.Postmaster, (caller, _) => ByHandAsync(pool, randoms[caller]))),
            new Side("lists, warm", seconds => Callers.RunAsync("lists, warm", Readers, seconds, bench.Postmaster, (caller, _) => OursAsync(rows, randoms[caller]))));
        Add(bench, "warm, 4 readers", count, medians[1].Chosen, medians[0].Chosen);
    }

    private static async Task ColdAsync(Bench bench, PostgresCluster cluster, string connection, int count)
    {
        var (hand, ours) = (new List<Measured>(), new List<Measured>());
        for (var round = 0; round < bench.Settings.Rounds; round++)
        {
            await RestartColdAsync(bench, cluster);
            await using (var pool = Pool(connection))
            {
                hand.Add(await ColdRunAsync(bench, (random, _) => ByHandAsync(pool, random), 200));
            }

            await RestartColdAsync(bench, cluster);
            await using var store = StoreRegistration.Open(new StoreOptions { Kind = "postgres", Connection = connection }, MarketServices.Tables);
            await store.PingAsync();
            ours.Add(await ColdRunAsync(bench, (random, _) => OursAsync(store.Rows, random), 200));
            Bench.Say($"cold: by hand {hand[^1]}");
            Bench.Say($"cold: ours    {ours[^1]}");
        }

        Add(bench, "cold, one reader, first 200 lists", count, Median(ours), Median(hand));
        static Measured Median(List<Measured> runs) => runs.OrderBy(static run => run.P99).ElementAt(runs.Count / 2);
    }

    private static async Task<Measured> ColdRunAsync(Bench bench, Func<Random, int, Task<int>> listAsync, int lists)
    {
        var machine = Machine.Watch(bench.Postmaster);
        var (latencies, random, begun) = (new Latencies(), new Random(99), Stopwatch.GetTimestamp());
        for (var n = 0; n < lists; n++)
        {
            var started = Stopwatch.GetTimestamp();
            latencies.Add(started, await listAsync(random, n));
        }

        var elapsed = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return new Measured("lists", lists / elapsed, latencies.Percentile(0.5), latencies.Percentile(0.99), elapsed, machine.Stop());
    }

    private static void Add(Bench bench, string how, int count, Measured ours, Measured hand) => bench.Report.Add(
        new Line("lists", string.Create(CultureInfo.InvariantCulture, $"{count:N0} leases by owner, provider, state, newest first, {how}: p99"), ours.P99, "ms", "≤ 2 ×", ours.P99 <= 2 * hand.P99)
        {
            P50 = ours.P50, P99 = ours.P99, Peer = string.Create(CultureInfo.InvariantCulture, $"by hand (p50 {hand.P50:F2} ms)"), PeerValue = hand.P99, Ratio = ours.P99 / hand.P99,
            Foreign = Math.Max(ours.Cpu.Foreign, hand.Cpu.Foreign), Idle = ours.Cpu.Idle, Store = "PostgreSQL", Layout = "readers in one process, server beside it",
        });

    private static async Task<int> OursAsync(IRowStore rows, Random random)
    {
        var (column, value) = Pick(random);
        var query = new ListQuery(LeaseState.Kind.Table.Kind, [new Filter(column, Comparison.Equal, value)], "opened_ms", Descending: true, PageSize, null, LeaseState.NewestColumn);
        var first = await rows.ListAsync(query);
        var shown = first.Rows.Select(LeaseSummary.Of).ToImmutableArray();
        if (first.NextCursor is { } cursor)
        {
            var second = await rows.ListAsync(query with { Cursor = cursor });
            shown = shown.AddRange(second.Rows.Select(LeaseSummary.Of));
        }

        return shown.Length > 0 ? 1 : throw new InvalidOperationException("an empty list");
    }

    private static async Task<int> ByHandAsync(NpgsqlDataSource pool, Random random)
    {
        var (column, value) = Pick(random);
        var shown = new List<Shown>();
        await ReadAsync(pool, $"SELECT id, owner, provider, status, rate, currency, opened_ms, closed_ms, close_reason, close_detail FROM by_hand WHERE {column}=$1 ORDER BY opened_ms DESC, id DESC LIMIT 51", [value], shown);
        if (shown.Count > PageSize)
        {
            var last = shown[PageSize - 1];
            shown.RemoveAt(PageSize);
            await ReadAsync(
                pool, $"SELECT id, owner, provider, status, rate, currency, opened_ms, closed_ms, close_reason, close_detail FROM by_hand WHERE {column}=$1 AND (opened_ms, id) < ($2, $3) ORDER BY opened_ms DESC, id DESC LIMIT 51",
                [value, last.OpenedMs, last.Id], shown);
        }

        return shown.Count > 0 ? 1 : throw new InvalidOperationException("an empty list");
    }

    private static async Task ReadAsync(NpgsqlDataSource pool, string sql, object[] arguments, List<Shown> shown)
    {
        await using var command = pool.CreateCommand(sql);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        }

        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            shown.Add(new Shown(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetInt64(6),
                reader.IsDBNull(7) ? null : reader.GetInt64(7), reader.GetInt32(8), reader.GetString(9)));
        }
    }

    private static (string Column, string Value) Pick(Random random) => random.Next(3) switch
    {
        0 => ("owner", LeaseData.Owner(random.Next(LeaseData.Owners))),
        1 => ("provider", LeaseData.Provider(random.Next(LeaseData.Providers))),
        _ => ("status", Statuses[random.Next(Statuses.Length)]),
    };

    private static NpgsqlDataSource Pool(string connection) =>
        NpgsqlDataSource.Create(connection + ";Maximum Pool Size=8;Max Auto Prepare=20;Auto Prepare Min Usages=2;No Reset On Close=true");

    private static async Task RestartColdAsync(Bench bench, PostgresCluster cluster)
    {
        NpgsqlConnection.ClearAllPools();
        await cluster.StopServerAsync();

        // Only our own files leave the page cache: others measure on this machine too.
        await Programs.RunAsync("sh", ["-c", "find \"$1\" -type f -size +0 -exec sh -c 'for f; do dd if=\"$f\" iflag=nocache count=0 2>/dev/null; done' sh {} +", "sh", cluster.Folder]);
        await cluster.StartServerAsync();
        await bench.PostmasterChangedAsync();
    }

    private sealed record Shown(string Id, string Owner, string Provider, string Status, string Rate, string Currency, long OpenedMs, long? ClosedMs, int CloseReason, string CloseDetail);
}
