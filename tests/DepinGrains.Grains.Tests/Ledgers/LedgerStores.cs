using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Testing;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>A real store for a ledger that can be closed and opened again, as a process would.</summary>
internal sealed class LedgerStore(StoreOptions options, string? folder) : IAsyncDisposable
{
    private readonly List<DepinStore> _open = [];

    /// <summary>Where it is.</summary>
    public StoreOptions Options => options;

    /// <summary>Makes an empty store, or skips the test when the machine lacks what it needs.</summary>
    public static async Task<LedgerStore> CreateAsync(string kind)
    {
        if (kind == "postgres")
        {
            Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
            var cluster = await PostgresCluster.SharedAsync();
            return new LedgerStore(new StoreOptions { Kind = kind, Connection = await cluster.NewDatabaseAsync(), ConnectionsMax = 6 }, null);
        }

        var folder = Directory.CreateTempSubdirectory("depin-ledger-").FullName;
        return new LedgerStore(new StoreOptions { Kind = kind, Connection = Path.Combine(folder, "depin.db") }, folder);
    }

    /// <summary>Opens the store as one process would; several may be open on PostgreSQL.</summary>
    public async Task<DepinStore> OpenAsync()
    {
        var store = StoreRegistration.Open(options, []);
        await store.Migrator.MigrateAsync();
        _open.Add(store);
        return store;
    }

    public async Task CloseAsync()
    {
        foreach (var store in _open)
        {
            await store.DisposeAsync();
        }

        _open.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (folder is not null)
        {
            Directory.Delete(folder, true);
        }
    }
}
