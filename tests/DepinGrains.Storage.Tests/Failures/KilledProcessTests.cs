using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;
using Npgsql;

namespace DepinGrains.Storage.Tests.Failures;

public sealed class KilledProcessTests
{
    [Fact]
    public async Task Sqlite_nothing_acknowledged_is_lost_when_the_process_is_killed_again_and_again()
    {
        var folder = SqliteFile.NewFolder();
        await KillAndAuditAsync(SqliteFile.Options(folder), static () => Task.CompletedTask);
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task Postgres_nothing_acknowledged_is_lost_when_the_process_is_killed_again_and_again()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var cluster = await PostgresCluster.SharedAsync();
        var database = await cluster.NewDatabaseAsync();
        await KillAndAuditAsync(PostgresDatabase.Options(database), () => BackendsGoneAsync(cluster, new NpgsqlConnectionStringBuilder(database).Database!));
    }

    /// <summary>A killed writer's backends carry out what they were told before they notice: an audit beside them would see half of it.</summary>
    private static async Task BackendsGoneAsync(PostgresCluster cluster, string database)
    {
        var begun = TimeProvider.System.GetTimestamp();
        await using var connection = new NpgsqlConnection(cluster.AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", connection) { Parameters = { new() { Value = database } } };
        while ((long)(await count.ExecuteScalarAsync())! is var left and > 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"{left} backends of a killed writer are still there");
            await Task.Delay(20);
        }
    }

    private static async Task KillAndAuditAsync(StoreOptions options, Func<Task> writerGoneAsync)
    {
        foreach (var acknowledgements in new[] { 300, 1, 700 })
        {
            var acknowledged = await WriterProcess.RunAndKillAsync(options, acknowledgements);
            Assert.True(acknowledged.Values.Sum() > 0);
            await writerGoneAsync();
            await using var store = await OpenedStoreHarness.OpenAsync(options);
            await WriterProcess.AuditAsync(store, acknowledged);
        }
    }
}
