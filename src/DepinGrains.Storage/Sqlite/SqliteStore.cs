using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Storage.Sqlite;

/// <summary>One SQLite file: its committer thread and its reading connections.</summary>
internal sealed class SqliteStore : IStore
{
    private readonly CommitLoop _loop;
    private readonly TimeProvider _time;

    public SqliteStore(StoreOptions options, IEnumerable<TableDefinition> tables, TimeProvider time, ILogger log)
    {
        Options = options;
        _time = time;
        Catalog = new TableCatalog(tables);
        Check = new ChangeSetCheck(Catalog, options);
        Signal = new EventSignal(time, options.EventPoll);
        Writer = new SqliteBatchWriter(options.Connection, Catalog, Fenced, Signal, time);
        Queue = new CommitQueue(options.QueueMax, options.BatchMax, options.BatchBytesMax, Writer.NeedsDistinctRows);
        Readers = new SqliteReaders(options.Connection, options.ConnectionsMax);
        Rows = new SqliteRowStore(this);
        Events = new SqliteEventLog(this);
        Journal = new SqliteJournal(this);
        _loop = new CommitLoop("depin store committer", Queue, Writer, options.RetryFor, log);
        StoreMetrics.Opened(this);
    }

    public StoreOptions Options { get; }

    public TableCatalog Catalog { get; }

    public ChangeSetCheck Check { get; }

    public FencedWriters Fenced { get; } = new();

    public EventSignal Signal { get; }

    public SqliteBatchWriter Writer { get; }

    public CommitQueue Queue { get; }

    public SqliteReaders Readers { get; }

    public IRowStore Rows { get; }

    public IEventLog Events { get; }

    public ILedgerJournal Journal { get; }

    public int Waiting => Queue.Count;

    public Task MigrateAsync(CancellationToken cancel = default) => ExclusiveAsync(session =>
    {
        new SqliteSchema(session, dry: false).Migrate(Catalog, Instants.ToMicroseconds(_time.GetUtcNow()));
        return true;
    });

    public Task<ImmutableArray<string>> PendingAsync(CancellationToken cancel = default) => Readers.RunAsync(session => new SqliteSchema(session, dry: true).Migrate(Catalog, 0), cancel);

    public Task<ImmutableArray<string>> MissingAsync(CancellationToken cancel = default) => Readers.RunAsync(session => new SqliteSchema(session, dry: true).Missing(Catalog), cancel);

    public Task PingAsync(CancellationToken cancel) => Readers.RunAsync(session =>
    {
        session.Execute("SELECT 1 FROM sqlite_master LIMIT 1");
        return true;
    }, cancel);

    /// <summary>Runs work in a transaction of its own on the committer's thread.</summary>
    public Task<T> ExclusiveAsync<T>(Func<SqliteSession, T> work)
    {
        var item = new BackgroundItem<T>(() => Writer.Exclusive(work));
        Queue.Add(item);
        return item.Task;
    }

    public void Dispose()
    {
        StoreMetrics.Closed(this);
        _loop.Dispose();
        Readers.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
