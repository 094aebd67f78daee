using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Npgsql;

namespace DepinGrains.Benchmarks.ChangeSets;

/// <summary>
/// Updates of one listed row with two indexed columns, 300 bytes of document, as one change set each. Peers in the same process: the same guarded UPDATE of the same table as a
/// transaction of its own, and Orleans' ADO.NET provider. Each caller moves its own rows on, so nobody conflicts.
/// </summary>
internal static class ChangeSetScenario
{
    private const int RowsEach = 40;
    private const int PeerConnections = 64;
    private static readonly TableDefinition Table = new(
        "bench", [new("status", ColumnType.Text), new("at_ms", ColumnType.Int64)], [new("status", ["status", "at_ms"]), new("at", ["at_ms"])]);

    private static readonly byte[] Document = Encoding.UTF8.GetBytes("{\"schemaVersion\":1,\"text\":\"" + new string('x', 270) + "\"}");

    public static async Task RunAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        foreach (var callers in (int[])[64, 256])
        {
            var connection = await cluster.NewDatabaseAsync();
            await using var store = StoreRegistration.Open(new StoreOptions { Kind = "postgres", Connection = connection }, [Table]);
            await store.Migrator.MigrateAsync();
            await using var orleans = callers == 64 ? await OrleansStorage.TryStartAsync(await cluster.NewDatabaseAsync()) : null;
            await MeasureAsync(bench, store.Rows, connection, callers, orleans);
        }
    }

    private static async Task MeasureAsync(Bench bench, IRowStore rows, string connection, int callers, OrleansStorage? orleans)
    {
        var versions = new long[callers, RowsEach];
        var single = new long[callers, RowsEach];
        await SeedAsync(rows, callers, "ours", versions);
        await SeedAsync(rows, callers, "peer", single);
        await using var pool = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection)
        {
            MaxPoolSize = PeerConnections, MaxAutoPrepare = 20, AutoPrepareMinUsages = 2, NoResetOnClose = true,
        }.ToString());
        var sides = new List<Side>
        {
            new($"one transaction per write, {callers} callers", seconds => WarmAsync(s => Callers.RunAsync(
                $"one transaction per write, {callers} callers", callers, s, bench.Postmaster, (caller, n) => UpdateAsync(pool, caller, n, single)), seconds)),
            new($"change sets, {callers} callers", seconds => WarmAsync(s => Callers.RunAsync(
                $"change sets, {callers} callers", callers, s, bench.Postmaster, (caller, n) => CommitAsync(rows, caller, n, versions)), seconds)),
        };
        if (orleans is not null)
        {
            await orleans.SeedAsync(callers, RowsEach);
            sides.Add(new($"Orleans' ADO.NET provider, {callers} callers", seconds => WarmAsync(s => Callers.RunAsync(
                $"Orleans' ADO.NET provider, {callers} callers", callers, s, bench.Postmaster, (caller, n) => orleans.WriteAsync(caller, n % RowsEach)), seconds)));
        }

        var medians = await bench.InterleaveAsync([.. sides]);
        const string layout = "callers and store in one process, server beside it";
        bench.AddRate("changesets", $"one listed row (2 indexed columns), {callers} callers", medians[1], callers == 64 ? 2.5 : 3.5, "PostgreSQL", layout, medians[0], $"one transaction per write, {PeerConnections} connections");
        if (orleans is not null)
        {
            bench.AddRate("changesets", "the same", medians[1], 3, "PostgreSQL", layout, medians[2], "Orleans' ADO.NET provider", "its schema script is ours");
        }
    }

    private static async Task<Measured> WarmAsync(Func<int, Task<Measured>> runAsync, int seconds)
    {
        await runAsync(1);
        return await runAsync(seconds);
    }

    private static async Task<int> CommitAsync(IRowStore rows, int caller, int n, long[,] versions)
    {
        var row = n % RowsEach;
        var outcome = await rows.CommitAsync(Change("ours", caller, row, versions[caller, row], n));
        versions[caller, row] = outcome.Status == CommitStatus.Committed ? outcome.Version : throw new InvalidOperationException($"{outcome.Status}: {outcome.Problem}");
        return 1;
    }

    private static async Task<int> UpdateAsync(NpgsqlDataSource pool, int caller, int n, long[,] versions)
    {
        var row = n % RowsEach;
        var version = versions[caller, row];
        await using var command = pool.CreateCommand(
            "UPDATE rows_bench SET version=$3, write_id=$4, doc=$5, \"status\"=$6, \"at_ms\"=$7 WHERE parent=$1 AND \"key\"=$2 AND version=$8 RETURNING version");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Key("peer", caller, row) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = version + 1 });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.NewGuid() });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Document });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Status(n) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = n });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
        versions[caller, row] = await command.ExecuteScalarAsync() is long written ? written : throw new InvalidOperationException("a row of one writer had another version");
        return 1;
    }

    private static async Task SeedAsync(IRowStore rows, int callers, string side, long[,] versions)
    {
        await Parallel.ForAsync(0, callers, new ParallelOptions { MaxDegreeOfParallelism = callers }, async (caller, _) =>
        {
            for (var row = 0; row < RowsEach; row++)
            {
                versions[caller, row] = (await rows.CommitAsync(Change(side, caller, row, 0, row))).Version;
            }
        });
    }

    private static ChangeSet Change(string side, int caller, int row, long version, long n) =>
        new(new RootWrite(RowId.Root("bench", Key(side, caller, row)), version, [Status(n), n], Document), [], [], []);

    private static string Key(string side, int caller, int row) => string.Create(CultureInfo.InvariantCulture, $"{side}-{caller:D4}-{row:D4}-0123456789abcdef");

    private static string Status(long n) => (n & 3) switch { 0 => "active", 1 => "paused", 2 => "closed", _ => "opening" };
}
