using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Hosting;

/// <summary>An opened store and its faces, for those without a host.</summary>
public sealed class DepinStore : IAsyncDisposable
{
    private readonly IStore _store;

    internal DepinStore(IStore store) => _store = store;

    /// <summary>The rows.</summary>
    public IRowStore Rows => _store.Rows;

    /// <summary>The event log.</summary>
    public IEventLog Events => _store.Events;

    /// <summary>The ledgers' journals.</summary>
    public ILedgerJournal Journal => _store.Journal;

    /// <summary>The schema; migrate before the first use.</summary>
    public IStoreMigrator Migrator => _store;

    /// <summary>Change sets that wait for the committers.</summary>
    public int Waiting => _store.Waiting;

    /// <summary>Answers when the store can be read.</summary>
    public Task PingAsync(CancellationToken cancel = default) => _store.PingAsync(cancel);

    /// <summary>Finishes what waits and closes.</summary>
    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
