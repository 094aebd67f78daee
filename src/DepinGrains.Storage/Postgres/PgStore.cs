using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>A PostgreSQL database as one process uses it: a committer for change sets, one for journals, a pool for reading, a listener.</summary>
internal sealed class PgStore : IStore
{
    private readonly CommitLoop _rowLoop;
    private readonly CommitLoop _journalLoop;
    private readonly PgEventNotifier _notifier;
    private readonly PgMigrator _migrator;

    public PgStore(StoreOptions options, IEnumerable<TableDefinition> tables, TimeProvider time, ILogger log)
    {
        Options = options;
        Catalog = new TableCatalog(tables);
        Check = new ChangeSetCheck(Catalog, options);
        Connections = new PgConnections(options);
        Signal = new EventSignal(time, options.EventPoll);
        Listener = new PgEventListener(Connections, Signal, log);
        _notifier = new PgEventNotifier(Connections, log);
        _migrator = new PgMigrator(Connections, Catalog, time);
        RowWriter = new PgRowWriter(Connections, Catalog, Signal, _notifier, time);
        RowReader = new PgRowReader(Connections);
        var journalWriter = new PgJournalWriter(Connections, Fenced);
        RowQueue = new CommitQueue(options.QueueMax, options.BatchMax, options.BatchBytesMax, RowWriter.NeedsDistinctRows);
        JournalQueue = new CommitQueue(options.QueueMax, options.BatchMax, options.BatchBytesMax, journalWriter.NeedsDistinctRows);
        Rows = new PgRowStore(this);
        Events = new PgEventLog(this);
        Journal = new PgJournal(this);
        _rowLoop = new CommitLoop(null, RowQueue, RowWriter, options.RetryFor, log);
        _journalLoop = new CommitLoop(null, JournalQueue, journalWriter, options.RetryFor, log);
        StoreMetrics.Opened(this);
    }

    public StoreOptions Options { get; }

    public TableCatalog Catalog { get; }

    public ChangeSetCheck Check { get; }

    public PgConnections Connections { get; }

    public EventSignal Signal { get; }

    public PgEventListener Listener { get; }

    public FencedWriters Fenced { get; } = new();

    public PgRowWriter RowWriter { get; }

    public PgRowReader RowReader { get; }

    public CommitQueue RowQueue { get; }

    public CommitQueue JournalQueue { get; }

    public IRowStore Rows { get; }

    public IEventLog Events { get; }

    public ILedgerJournal Journal { get; }

    public int Waiting => RowQueue.Count + JournalQueue.Count;

    public Task MigrateAsync(CancellationToken cancel = default) => _migrator.MigrateAsync(cancel);

    public Task<ImmutableArray<string>> PendingAsync(CancellationToken cancel = default) => _migrator.PendingAsync(cancel);

    public Task<ImmutableArray<string>> MissingAsync(CancellationToken cancel = default) => _migrator.MissingAsync(cancel);

    public Task PingAsync(CancellationToken cancel) => Connections.ReadAsync(async (connection, stop) =>
    {
        var command = new NpgsqlCommand("SELECT 1", connection);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(stop).ConfigureAwait(false);
        }
    }, cancel);

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        StoreMetrics.Closed(this);
        _rowLoop.Dispose();
        _journalLoop.Dispose();
        _notifier.Dispose();
        await Listener.DisposeAsync().ConfigureAwait(false);
        Connections.Dispose();
    }
}
