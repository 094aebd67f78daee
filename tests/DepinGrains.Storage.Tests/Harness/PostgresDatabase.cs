using DepinGrains.Testing;

namespace DepinGrains.Storage.Tests.Harness;

/// <summary>A database of its own on the shared cluster.</summary>
public static class PostgresDatabase
{
    public static StoreOptions Options(string connection) =>
        new() { Kind = "postgres", Connection = connection, ConnectionsMax = 8, RetryFor = TimeSpan.FromSeconds(30) };

    public static async Task<StoreHarness> OpenAsync()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var cluster = await PostgresCluster.SharedAsync();
        return await OpenedStoreHarness.OpenAsync(Options(await cluster.NewDatabaseAsync()));
    }
}
