using System.Collections.Immutable;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>A journal in front of another that lets a test stop, fail and watch single calls.</summary>
internal sealed class ScriptedJournal(ILedgerJournal inner) : ILedgerJournal
{
    private int _lookups;
    private int _snapshots;
    private int _replays;
    private int _heads;

    /// <summary>Runs instead of an append when it answers one; null lets the append through.</summary>
    public Func<JournalBatch, Func<Task<AppendStatus>>, Task<AppendStatus>>? OnAppend { get; set; }

    /// <summary>When set, index writes wait for it.</summary>
    public Func<Task>? OnIndex { get; set; }

    /// <summary>When set, reading the journal begins with it.</summary>
    public Func<Task>? OnReplay { get; set; }

    /// <summary>When set, asking for the head begins with it.</summary>
    public Func<Task>? OnHead { get; set; }

    /// <summary>Times the head was asked for.</summary>
    public int Heads => Volatile.Read(ref _heads);

    public int Lookups => Volatile.Read(ref _lookups);

    public int Snapshots => Volatile.Read(ref _snapshots);

    /// <summary>Times the journal was begun to be read.</summary>
    public int Replays => Volatile.Read(ref _replays);

    public ILedgerJournal Inner => inner;

    public Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId) =>
        OnAppend is { } script ? script(batch, () => inner.AppendAsync(token, batch, writerId)) : inner.AppendAsync(token, batch, writerId);

    public async Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        await (OnIndex?.Invoke() ?? Task.CompletedTask);
        return await inner.IndexAsync(token, from, through, entries, transfers);
    }

    public Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _lookups);
        return inner.FindTransfersAsync(token, ids, cancel);
    }

    public async Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload)
    {
        await inner.SaveSnapshotAsync(token, sequence, payload);
        Interlocked.Increment(ref _snapshots);
    }

    public async IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _replays);
        await (OnReplay?.Invoke() ?? Task.CompletedTask);
        await foreach (var batch in inner.ReadAsync(token, after, cancel))
        {
            yield return batch;
        }
    }

    public async Task<long> HeadAsync(string token, CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _heads);
        await (OnHead?.Invoke() ?? Task.CompletedTask);
        return await inner.HeadAsync(token, cancel);
    }

    public Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default) => inner.IndexedThroughAsync(token, cancel);

    public Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default) =>
        inner.EntriesAsync(token, account, before, limit, cancel);

    public IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, CancellationToken cancel = default) => inner.EntrySumsAsync(token, cancel);

    public IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, CancellationToken cancel = default) => inner.BalancesAsync(token, after, cancel);

    public Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default) => inner.LoadSnapshotAsync(token, cancel);
}
