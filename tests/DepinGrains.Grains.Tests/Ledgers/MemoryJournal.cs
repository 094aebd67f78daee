using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>A journal in memory that survives the cluster of a test.</summary>
internal sealed class MemoryJournal : ILedgerJournal
{
    private readonly object _gate = new();
    private readonly Dictionary<string, Token> _tokens = [];

    public Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId)
    {
        lock (_gate)
        {
            var journal = Of(token).Journal;
            if (batch.Sequence <= journal.Count)
            {
                return Task.FromResult(AppendStatus.Fenced);
            }

            Assert.Equal(journal.Count + 1, batch.Sequence);
            journal.Add(batch);
            return Task.FromResult(AppendStatus.Appended);
        }
    }

    public async IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.Yield();
        JournalBatch[] batches;
        lock (_gate)
        {
            batches = [.. Of(token).Journal.Skip((int)after)];
        }

        foreach (var batch in batches)
        {
            yield return batch;
        }
    }

    public Task<long> HeadAsync(string token, CancellationToken cancel = default) => With(token, t => (long)t.Journal.Count);

    public Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers) => With(token, t =>
    {
        if (t.Indexed != from)
        {
            return false;
        }

        foreach (var entry in entries)
        {
            if (!t.Entries.TryGetValue(entry.Account, out var rows))
            {
                t.Entries[entry.Account] = rows = [];
            }

            rows.Add(entry.EntrySequence, entry);
        }

        foreach (var transfer in transfers)
        {
            t.Ids.Add(transfer.TransferId, transfer);
        }

        t.Indexed = through;
        return true;
    });

    public Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default) => With(token, t => t.Indexed);

    public Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default) =>
        With(token, t => ids.Where(t.Ids.ContainsKey).Select(id => t.Ids[id]).ToImmutableArray());

    public Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default) =>
        With(token, t => t.Entries.TryGetValue(account, out var rows) ? rows.Values.Where(row => before is null || row.EntrySequence < before).Reverse().Take(limit).ToImmutableArray() : []);

    public async IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var sum in await With(token, t => t.Entries.Select(rows => (rows.Key, rows.Value.Values.Sum(row => row.Delta), (long)rows.Value.Count, rows.Value.Values[^1].BalanceAfter)).ToArray()))
        {
            yield return sum;
        }
    }

    public IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, CancellationToken cancel = default) => throw new NotSupportedException("ledgers do not ask it");

    public Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload) => With(token, t => t.Snapshot = (sequence, payload));

    public Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default) => With(token, t => t.Snapshot);

    private Task<T> With<T>(string token, Func<Token, T> body)
    {
        lock (_gate)
        {
            return Task.FromResult(body(Of(token)));
        }
    }

    private Token Of(string token)
    {
        if (!_tokens.TryGetValue(token, out var found))
        {
            _tokens[token] = found = new Token();
        }

        return found;
    }

    private sealed class Token
    {
        public List<JournalBatch> Journal { get; } = [];

        public Dictionary<string, SortedList<long, IndexedEntry>> Entries { get; } = [];

        public Dictionary<string, IndexedTransfer> Ids { get; } = [];

        public long Indexed { get; set; }

        public (long, ReadOnlyMemory<byte>)? Snapshot { get; set; }
    }
}
