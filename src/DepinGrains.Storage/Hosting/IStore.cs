using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Hosting;

/// <summary>One opened store with its three faces.</summary>
internal interface IStore : IStoreMigrator, IAsyncDisposable, IDisposable
{
    IRowStore Rows { get; }

    IEventLog Events { get; }

    ILedgerJournal Journal { get; }

    /// <summary>How much waits for the committers.</summary>
    int Waiting { get; }

    /// <summary>Answers when the store can be read; throws <see cref="StoreUnavailableException"/>.</summary>
    Task PingAsync(CancellationToken cancel);
}
