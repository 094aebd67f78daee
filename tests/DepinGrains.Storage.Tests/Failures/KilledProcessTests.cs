using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;

namespace DepinGrains.Storage.Tests.Failures;

public sealed class KilledProcessTests
{
    [Fact]
    public async Task Sqlite_nothing_acknowledged_is_lost_when_the_process_is_killed_again_and_again()
    {
        var folder = SqliteFile.NewFolder();
        await KillAndAuditAsync(SqliteFile.Options(folder));
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task Postgres_nothing_acknowledged_is_lost_when_the_process_is_killed_again_and_again()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await KillAndAuditAsync(PostgresDatabase.Options(await (await PostgresCluster.SharedAsync()).NewDatabaseAsync()));
    }

    private static async Task KillAndAuditAsync(StoreOptions options)
    {
        foreach (var acknowledgements in new[] { 300, 1, 700 })
        {
            var acknowledged = await WriterProcess.RunAndKillAsync(options, acknowledgements);
            Assert.True(acknowledged.Values.Sum() > 0);
            await using var store = await OpenedStoreHarness.OpenAsync(options);
            await WriterProcess.AuditAsync(store, acknowledged);
        }
    }
}
