using System.Collections.Immutable;

namespace DepinGrains.Storage.Schema;

/// <summary>
/// Brings a database to what this build needs: ordered steps of the store itself, then missing tables, columns and indexes of the table definitions.
/// Idempotent; several processes may call it at once (an advisory lock on PostgreSQL, an exclusive transaction on SQLite). It only adds (expand): columns and tables
/// that no definition names any more stay until a later step removes them (contract), so the release before keeps working.
/// </summary>
public interface IStoreMigrator
{
    /// <summary>Migrates. Throws <see cref="StoreSchemaException"/> when a column exists with another type, <see cref="StoreUnavailableException"/> when the store is away.</summary>
    Task MigrateAsync(CancellationToken cancel = default);

    /// <summary>What <see cref="MigrateAsync"/> would do now, in order, in words; empty when the database is as this build needs it. Changes nothing. Throws as it does.</summary>
    Task<ImmutableArray<string>> PendingAsync(CancellationToken cancel = default);

    /// <summary>
    /// The part of <see cref="PendingAsync"/> without which this build cannot work: steps, tables and columns. Indexes are none of it: without one a list is slow, and after a way back to an older version some
    /// that it knew are gone or others. Throws as <see cref="MigrateAsync"/> does.
    /// </summary>
    Task<ImmutableArray<string>> MissingAsync(CancellationToken cancel = default);
}
