using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Storage.InMemory;

public sealed partial class InMemoryStore : ILedgerJournal
{
    private readonly Dictionary<string, Book> _books = new(StringComparer.Ordinal);
    private readonly FencedWriters _fenced = new();

    /// <inheritdoc/>
    public Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId)
    {
        JournalCheck.Append(token, batch, writerId, _options.DocumentBytesMax);
        var status = _fenced.Contains(token, writerId.Span) ? AppendStatus.Fenced : Strike(StoreCall.Append, token) switch
        {
            StoreFault.None => Append(token, batch),
            StoreFault.FailBefore => AppendStatus.Unknown,
            StoreFault.Conflict => AppendStatus.Fenced,
            _ => Append(token, batch) == AppendStatus.Fenced ? AppendStatus.Fenced : AppendStatus.Unknown,
        };
        if (status != AppendStatus.Appended)
        {
            _fenced.Add(token, writerId.Span);
        }

        return Task.FromResult(status);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var batch in await Read(token, () => BookOf(token).Batches.Skip((int)Math.Max(0, after)).ToArray()))
        {
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public Task<long> HeadAsync(string token, CancellationToken cancel = default) => Read(token, () => (long)BookOf(token).Batches.Count);

    /// <inheritdoc/>
    public Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default) => Read(token, () => BookOf(token).Through);

    /// <inheritdoc/>
    public Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        JournalCheck.Index(token, from, through, entries, transfers);
        var fault = Strike(StoreCall.Index, token);
        if (fault == StoreFault.Conflict)
        {
            return Task.FromResult(false);
        }

        if (fault == StoreFault.FailBefore)
        {
            throw new StoreUnavailableException("simulated: index rows were lost");
        }

        lock (_gate)
        {
            var written = BookOf(token).Index(from, through, entries, transfers);
            return fault == StoreFault.None ? Task.FromResult(written) : throw new StoreUnavailableException("simulated: the answer to the index write was lost");
        }
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default) => Read(token, () =>
    {
        var transfers = BookOf(token).Transfers;
        return ids.Distinct(StringComparer.Ordinal).Where(transfers.ContainsKey).Select(id => transfers[id]).ToImmutableArray();
    });

    /// <inheritdoc/>
    public Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Read(token, () => BookOf(token).Entries.TryGetValue(account, out var entries)
            ? entries.Values.Reverse().Where(e => e.EntrySequence < (before ?? long.MaxValue)).Take(limit).ToImmutableArray()
            : []);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var sums = await Read(token, () => BookOf(token).Entries.Select(a => (a.Key, a.Value.Values.Sum(e => e.Delta), (long)a.Value.Count, a.Value.Values[^1].BalanceAfter)).ToArray());
        foreach (var sum in sums)
        {
            yield return sum;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var balances = await Read(token, () =>
        {
            var (book, behind) = (BookOf(token), JournalCheck.After(after));
            return book.Entries.Where(a => Utf8Order.Instance.Compare(a.Key, behind) > 0).Select(a => new StoredBalance(a.Key, a.Value.Values[^1].BalanceAfter, a.Value.Values[^1].EntrySequence, book.Through)).ToArray();
        });
        foreach (var balance in balances)
        {
            yield return balance;
        }
    }

    /// <inheritdoc/>
    public Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload)
    {
        JournalCheck.Key("token", token);
        var fault = Strike(StoreCall.Snapshot, token);
        lock (_gate)
        {
            if (fault is StoreFault.None or StoreFault.AmbiguousAfter)
            {
                var snapshots = BookOf(token).Snapshots;
                snapshots[sequence] = payload.ToArray();
                while (snapshots.Count > 2)
                {
                    snapshots.RemoveAt(0);
                }
            }
        }

        return fault == StoreFault.None ? Task.CompletedTask : throw new StoreUnavailableException("simulated: the snapshot's answer was lost");
    }

    /// <inheritdoc/>
    public Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default) => Read(token, () =>
    {
        var snapshots = BookOf(token).Snapshots;
        return snapshots.Count == 0 ? ((long, ReadOnlyMemory<byte>)?)null : (snapshots.Keys[^1], snapshots.Values[^1]);
    });

    private AppendStatus Append(string token, JournalBatch batch)
    {
        lock (_gate)
        {
            var batches = BookOf(token).Batches;
            if (batch.Sequence != batches.Count + 1)
            {
                return AppendStatus.Fenced;
            }

            batches.Add(batch with { Payload = batch.Payload.ToArray() });
            return AppendStatus.Appended;
        }
    }

    private Book BookOf(string token)
    {
        JournalCheck.Key("token", token);
        if (!_books.TryGetValue(token, out var book))
        {
            _books.Add(token, book = new Book());
        }

        return book;
    }

    private sealed class Book
    {
        public List<JournalBatch> Batches { get; } = [];

        public SortedDictionary<string, SortedList<long, IndexedEntry>> Entries { get; } = new(Utf8Order.Instance);

        public Dictionary<string, IndexedTransfer> Transfers { get; } = new(StringComparer.Ordinal);

        public SortedList<long, byte[]> Snapshots { get; } = [];

        public long Through { get; private set; }

        public bool Index(long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
        {
            if (Through != from)
            {
                return false;
            }

            var keys = new HashSet<(string, long)>();
            var ids = new HashSet<string>(StringComparer.Ordinal);
            if (entries.Any(e => !keys.Add((e.Account, e.EntrySequence)) || (Entries.TryGetValue(e.Account, out var known) && known.ContainsKey(e.EntrySequence)))
                || transfers.Any(t => !ids.Add(t.TransferId) || Transfers.ContainsKey(t.TransferId)))
            {
                throw new ArgumentException("index rows could not be written: a key is there already");
            }

            foreach (var entry in entries)
            {
                if (!Entries.TryGetValue(entry.Account, out var list))
                {
                    Entries.Add(entry.Account, list = []);
                }

                list.Add(entry.EntrySequence, entry with { At = Instants.FromMicroseconds(Instants.ToMicroseconds(entry.At)), Memo = JournalCheck.Memo(entry.Memo) });
            }

            foreach (var transfer in transfers)
            {
                Transfers.Add(transfer.TransferId, transfer with { Fingerprint = transfer.Fingerprint.ToArray(), Answer = transfer.Answer.ToArray() });
            }

            Through = through;
            return true;
        }
    }
}
