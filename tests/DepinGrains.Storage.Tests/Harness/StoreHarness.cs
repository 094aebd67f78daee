using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Tests.Harness;

/// <summary>One kind of store, empty and migrated, for one test.</summary>
public abstract class StoreHarness : IAsyncDisposable
{
    public abstract IRowStore Rows { get; }

    public abstract IEventLog Events { get; }

    public abstract ILedgerJournal Journal { get; }

    /// <summary>A second process on the same data, or null where there cannot be one.</summary>
    public virtual Task<StoreHarness?> SecondAsync() => Task.FromResult<StoreHarness?>(null);

    public abstract ValueTask DisposeAsync();
}
