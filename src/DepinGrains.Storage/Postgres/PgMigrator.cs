using System.Collections.Immutable;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Migrates under a session advisory lock that is polled for, never waited on: a waiting statement would hold a snapshot that <c>CREATE INDEX CONCURRENTLY</c> of the holder
/// waits for. Indexes of tables that may hold rows are built concurrently, so writers go on.
/// </summary>
internal sealed class PgMigrator(PgConnections connections, TableCatalog catalog, TimeProvider time)
{
    private const long MigrationLock = 0x6465_7069_6E02;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    public async Task MigrateAsync(CancellationToken cancel) => await GuardAsync(
        async connection =>
        {
            while (!(bool)(await PgSchemaWork.ScalarAsync(connection, "SELECT pg_try_advisory_lock($1)", cancel, MigrationLock).ConfigureAwait(false))!)
            {
                await Task.Delay(LockPoll, cancel).ConfigureAwait(false);
            }

            return await new PgSchemaWork(connection, dry: false).RunAsync(catalog, Instants.ToMicroseconds(time.GetUtcNow()), cancel).ConfigureAwait(false);
        },
        cancel).ConfigureAwait(false);

    /// <summary>Without the lock: it changes nothing.</summary>
    public Task<ImmutableArray<string>> PendingAsync(CancellationToken cancel) =>
        GuardAsync(connection => new PgSchemaWork(connection, dry: true).RunAsync(catalog, 0, cancel), cancel);

    /// <summary>Without the lock too.</summary>
    public Task<ImmutableArray<string>> MissingAsync(CancellationToken cancel) =>
        GuardAsync(connection => new PgSchemaWork(connection, dry: true).MissingAsync(catalog, cancel), cancel);

    private async Task<ImmutableArray<string>> GuardAsync(Func<NpgsqlConnection, Task<ImmutableArray<string>>> work, CancellationToken cancel)
    {
        try
        {
            var connection = await connections.OpenLoneAsync(cancel).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await work(connection).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (PgErrors.IsStore(problem) && problem is not ObjectDisposedException)
        {
            throw new StoreUnavailableException("the database could not be migrated: " + problem.Message, problem);
        }
    }
}
