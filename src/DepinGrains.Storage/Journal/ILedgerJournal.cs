using System.Collections.Immutable;

namespace DepinGrains.Storage.Journal;

/// <summary>What became of an append.</summary>
public enum AppendStatus
{
    /// <summary>Durable.</summary>
    Appended,

    /// <summary>Another writer owns this sequence: this activation is stale and must go.</summary>
    Fenced,

    /// <summary>The store could not say. Reload before going on.</summary>
    Unknown,
}

/// <summary>One batch: sequences start at 1 and have no gaps; the primary key (token, sequence) fences a stale writer.</summary>
public sealed record JournalBatch(long Sequence, DateTimeOffset At, ReadOnlyMemory<byte> Payload);

/// <summary>One account entry built behind the journal.</summary>
public readonly record struct IndexedEntry(string Account, long EntrySequence, long Delta, long BalanceAfter, string TransferId, int Kind, DateTimeOffset At, string Memo);

/// <summary>One transfer id with its fingerprint and answer, built behind the journal, kept for ever.</summary>
public readonly record struct IndexedTransfer(string TransferId, ReadOnlyMemory<byte> Fingerprint, ReadOnlyMemory<byte> Answer);

/// <summary>What an account owns by its stored entries.</summary>
/// <param name="Entries">How many it has.</param>
/// <param name="Through">Sequence of the journal that the entries reach.</param>
public readonly record struct StoredBalance(string Account, long Balance, long Entries, long Through);

/// <summary>The durable side of one ledger: the journal is the truth; entries and ids are rows built right behind it, in order.</summary>
public interface ILedgerJournal
{
    /// <summary>
    /// Appends one batch and waits for it to be durable. A sequence whose predecessor is missing is <see cref="AppendStatus.Fenced"/> too. A writer id that once heard
    /// <see cref="AppendStatus.Fenced"/> or <see cref="AppendStatus.Unknown"/> is burnt in this process: its later appends are fenced, so a stale batch n + 1 cannot land on
    /// another writer's batch n. Mint a new id (at most 64 bytes) with every load. Throws <see cref="Rows.StoreOverloadedException"/> when the queue is full.
    /// </summary>
    Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId);

    /// <summary>Reads batches after a sequence in order.</summary>
    IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, CancellationToken cancel = default);

    /// <summary>Last sequence of the journal, 0 when empty.</summary>
    Task<long> HeadAsync(string token, CancellationToken cancel = default);

    /// <summary>Writes index rows for batches (from, through] in one transaction and moves the index position; a position that is not <paramref name="from"/> answers false and writes nothing.
    /// Throws <see cref="StoreUnavailableException"/> when the outcome is not certain: ask <see cref="IndexedThroughAsync"/> before going on.</summary>
    Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers);

    /// <summary>Transfers beyond which one <see cref="IndexAsync"/> keeps appends waiting for too long.</summary>
    int IndexTransfersMax => int.MaxValue;

    /// <summary>Sequence the index rows reach.</summary>
    Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default);

    /// <summary>Remembered transfers by id; missing ones are absent from the answer.</summary>
    Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default);

    /// <summary>Entries of an account before an entry sequence (exclusive, null = newest), newest first.</summary>
    Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default);

    /// <summary>Streams all entry sums per account for the audit: (account, sum of deltas, count, last balance after).</summary>
    IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, CancellationToken cancel = default);

    /// <summary>
    /// Streams what every account after <paramref name="after"/> (null: from the first) owns by its stored entries, in the order of the bytes of the names; all of one moment, so that the whole of them adds up to zero. Takes as long as the
    /// reader and holds a connection meanwhile. Throws <see cref="Queries.InvalidCursorException"/> when no account can have the name.
    /// </summary>
    IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, CancellationToken cancel = default);

    /// <summary>Keeps a snapshot of the whole book at a sequence; keeps the newest two.</summary>
    Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload);

    /// <summary>Newest snapshot, or null.</summary>
    Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default);
}
