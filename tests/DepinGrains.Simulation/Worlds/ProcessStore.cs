using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Worlds;

/// <summary>
/// One process's connection to the store: calls take turns and time, meet their fate, and are shown to the checks when they were written.
/// Once the process is dead no call ever comes back.
/// </summary>
internal sealed class ProcessStore(World world, InMemoryStore inner) : IRowStore, ILedgerJournal
{
    private bool _dead;

    /// <summary>Nothing that is still running reaches the store any more.</summary>
    public void Cut() => _dead = true;

    public async ValueTask<CommitOutcome> CommitAsync(ChangeSet changes)
    {
        await PauseAsync();
        var fate = await MeetAsync($"commit {changes.Root.Id.Kind} {changes.Root.Id.Key}");
        if (world.Bug == PlantedBug.ForgottenCommit && world.Forgets())
        {
            return new CommitOutcome(CommitStatus.Committed, changes.Root.ExpectedVersion + 1, null);
        }

        if (world.Bug == PlantedBug.NoVersionCheck)
        {
            changes = changes with { Root = changes.Root with { ExpectedVersion = world.Peek(changes.Root.Id)?.Version ?? 0 } };
        }

        var before = world.Peek(changes.Root.Id);
        var outcome = await inner.CommitAsync(changes);
        if (world.Peek(changes.Root.Id) is { } after && after.Version != (before?.Version ?? 0))
        {
            world.Written(changes, before, after);
        }

        await SurviveAsync(fate);
        return outcome;
    }

    public async Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.ReadAsync(id, cancel);
    }

    public async Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.ReadOperationAsync(root, operationId, cancel);
    }

    public async Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.ReadChildrenAsync(kind, parent, afterKey, limit, cancel);
    }

    public async Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.ListAsync(query, cancel);
    }

    public async Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.CountByAsync(kind, column, filters, cancel);
    }

    public async Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.SumByAsync(kind, by, sums, filters, cancel);
    }

    public async Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId)
    {
        await PauseAsync();
        var fate = await MeetAsync($"append {token} {batch.Sequence}");
        var before = world.Head(token);
        var status = await inner.AppendAsync(token, batch, writerId);
        if (world.Head(token) != before)
        {
            world.Appended(token, batch);
        }

        await SurviveAsync(fate);
        return status;
    }

    public async IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await PauseAsync();
        await foreach (var batch in inner.ReadAsync(token, after, cancel))
        {
            yield return batch;
        }
    }

    public async Task<long> HeadAsync(string token, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.HeadAsync(token, cancel);
    }

    public async Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        await PauseAsync();
        var fate = await MeetAsync($"index {token} {through}");
        var written = await inner.IndexAsync(token, from, through, entries, transfers);
        await SurviveAsync(fate);
        return written;
    }

    public async Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.IndexedThroughAsync(token, cancel);
    }

    public async Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.FindTransfersAsync(token, ids, cancel);
    }

    public async Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.EntriesAsync(token, account, before, limit, cancel);
    }

    public async IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await PauseAsync();
        await foreach (var sum in inner.EntrySumsAsync(token, cancel))
        {
            yield return sum;
        }
    }

    public IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, CancellationToken cancel = default) => inner.BalancesAsync(token, after, cancel);

    public async Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload)
    {
        await PauseAsync();
        await inner.SaveSnapshotAsync(token, sequence, payload);
        await PauseAsync();
    }

    public async Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default)
    {
        await PauseAsync();
        return await inner.LoadSnapshotAsync(token, cancel);
    }

    private async Task PauseAsync()
    {
        if (!_dead)
        {
            var (turns, wait) = world.Faults.Latency();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, world.Time);
            }

            for (; turns > 0; turns--)
            {
                await Task.Yield();
            }
        }

        if (_dead)
        {
            await new TaskCompletionSource().Task;
        }
    }

    private async Task<WriteFate> MeetAsync(string what)
    {
        var fate = world.Faults.Write();
        if (fate == WriteFate.CrashBefore)
        {
            await DieAsync("before " + what);
        }

        if (fate == WriteFate.CrashAfter)
        {
            world.Trace.Line("  dies after " + what);
        }

        return fate;
    }

    private async Task SurviveAsync(WriteFate fate)
    {
        if (fate == WriteFate.CrashAfter)
        {
            await DieAsync("after the write");
        }

        await PauseAsync();
    }

    private async Task DieAsync(string when)
    {
        world.Struck("crash", when);
        world.CrashSoon();
        await new TaskCompletionSource().Task;
    }
}
