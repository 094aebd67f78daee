using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Storage.Sqlite;

/// <summary>The journals of the ledgers in the SQLite file. Appends join the committer's next transaction ahead of change sets.</summary>
internal sealed class SqliteJournal(SqliteStore store) : ILedgerJournal
{
    private const int PageRows = 64;

    /// <summary>One connection writes everything: appends wait while rows are written.</summary>
    public int IndexTransfersMax => 4_000;

    public async Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId)
    {
        JournalCheck.Append(token, batch, writerId, store.Options.DocumentBytesMax);
        var item = new AppendItem(token, batch, writerId.ToArray());
        store.Queue.Add(item);
        var status = await item.Task.ConfigureAwait(false);
        if (status != AppendStatus.Appended)
        {
            store.Fenced.Add(token, writerId.Span);
        }

        return status;
    }

    public async IAsyncEnumerable<JournalBatch> ReadAsync(string token, long after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        JournalCheck.Key("token", token);
        await foreach (var batch in JournalPages.ReadAsync(from => store.Readers.RunAsync(session => Page(session, token, from), cancel), after, PageRows).ConfigureAwait(false))
        {
            yield return batch;
        }
    }

    public Task<long> HeadAsync(string token, CancellationToken cancel = default) =>
        NumberAsync("SELECT coalesce(max(sequence), 0) FROM ledger_journal WHERE token=?1", token, cancel);

    public Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default) =>
        NumberAsync("SELECT through FROM ledger_index WHERE token=?1", token, cancel);

    public Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        JournalCheck.Index(token, from, through, entries, transfers);
        return store.ExclusiveAsync(session =>
        {
            session.Prepare("INSERT INTO ledger_index(token, through) VALUES(?1, 0) ON CONFLICT(token) DO NOTHING").Text(1, token).Run();
            if (session.Prepare("UPDATE ledger_index SET through=?3 WHERE token=?1 AND through=?2").Text(1, token).Int(2, from).Int(3, through).Run() == 0)
            {
                return false;
            }

            WriteEntries(session, token, JournalCheck.InKeyOrder(entries));
            WriteTransfers(session, token, JournalCheck.InKeyOrder(transfers));
            return true;
        });
    }

    public Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default) => store.Readers.RunAsync(session =>
    {
        var found = ImmutableArray.CreateBuilder<IndexedTransfer>();
        foreach (var id in ids)
        {
            if (!JournalCheck.IsStorable(id))
            {
                continue;
            }

            var find = session.Prepare("SELECT fingerprint, answer FROM ledger_transfers WHERE token=?1 AND transfer_id=?2").Text(1, token).Text(2, id);
            if (find.Step())
            {
                found.Add(new IndexedTransfer(id, find.ReadBlob(0), find.ReadBlob(1)));
            }

            find.Reset();
        }

        return found.ToImmutable();
    }, cancel);

    public Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return !JournalCheck.IsStorable(account) ? Task.FromResult(ImmutableArray<IndexedEntry>.Empty) : store.Readers.RunAsync(session =>
        {
            var entries = ImmutableArray.CreateBuilder<IndexedEntry>();
            var find = session.Prepare(
                "SELECT entry_sequence, delta, balance_after, transfer_id, kind, at_us, memo FROM ledger_entries WHERE token=?1 AND account=?2 AND entry_sequence<?3 ORDER BY entry_sequence DESC LIMIT ?4")
                .Text(1, token).Text(2, account).Int(3, before ?? long.MaxValue).Int(4, limit);
            while (find.Step())
            {
                entries.Add(new IndexedEntry(
                    account, find.ReadInt(0), find.ReadInt(1), find.ReadInt(2), find.ReadText(3), (int)find.ReadInt(4), Instants.FromMicroseconds(find.ReadInt(5)), find.ReadText(6)));
            }

            return entries.ToImmutable();
        }, cancel);
    }

    public IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, CancellationToken cancel = default) =>
        WalkAsync((session, after) => Sums(session, token, after), static sum => sum.Account, null, cancel);

    public IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, CancellationToken cancel = default) =>
        WalkAsync((session, from) => Balances(session, token, from), static balance => balance.Account, JournalCheck.After(after), cancel);

    /// <summary>Pages of accounts in one snapshot, or what different moments say would not add up.</summary>
    private async IAsyncEnumerable<T> WalkAsync<T>(Func<SqliteSession, string?, List<T>> read, Func<T, string> account, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var session = await store.Readers.RentAsync(cancel).ConfigureAwait(false);
        var sound = false;
        try
        {
            session.Execute("BEGIN");
            while (await Task.Run(() => read(session, after), cancel).ConfigureAwait(false) is { Count: > 0 } page)
            {
                foreach (var one in page)
                {
                    yield return one;
                }

                after = account(page[^1]);
            }

            session.RollBack();
            sound = true;
        }
        finally
        {
            store.Readers.Return(session, sound);
        }
    }

    public Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload)
    {
        JournalCheck.Key("token", token);
        return store.ExclusiveAsync(session =>
        {
            session.Prepare("INSERT INTO ledger_snapshots(token, sequence, payload) VALUES(?1, ?2, ?3) ON CONFLICT(token, sequence) DO UPDATE SET payload=excluded.payload")
                .Text(1, token).Int(2, sequence).Blob(3, payload.Span).Run();
            return session.Prepare("DELETE FROM ledger_snapshots WHERE token=?1 AND sequence NOT IN (SELECT sequence FROM ledger_snapshots WHERE token=?1 ORDER BY sequence DESC LIMIT 2)").Text(1, token).Run();
        });
    }

    public Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default)
    {
        JournalCheck.Key("token", token);
        return store.Readers.RunAsync<(long, ReadOnlyMemory<byte>)?>(session =>
        {
            var find = session.Prepare("SELECT sequence, payload FROM ledger_snapshots WHERE token=?1 ORDER BY sequence DESC LIMIT 1").Text(1, token);
            (long, ReadOnlyMemory<byte>)? snapshot = find.Step() ? (find.ReadInt(0), find.ReadBlob(1)) : null;
            find.Reset();
            return snapshot;
        }, cancel);
    }

    private static void WriteEntries(SqliteSession session, string token, IndexedEntry[] entries)
    {
        var insert = session.Prepare(
            "INSERT INTO ledger_entries(token, account, entry_sequence, delta, balance_after, transfer_id, kind, at_us, memo) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)").Text(1, token);
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            insert.Text(2, entry.Account).Int(3, entry.EntrySequence).Int(4, entry.Delta).Int(5, entry.BalanceAfter).Text(6, entry.TransferId)
                .Int(7, entry.Kind).Int(8, Instants.ToMicroseconds(entry.At)).Text(9, JournalCheck.Memo(entry.Memo)).Run();
        }
    }

    private static void WriteTransfers(SqliteSession session, string token, IndexedTransfer[] transfers)
    {
        var insert = session.Prepare("INSERT INTO ledger_transfers(token, transfer_id, fingerprint, answer) VALUES(?1, ?2, ?3, ?4)").Text(1, token);
        for (var i = 0; i < transfers.Length; i++)
        {
            insert.Text(2, transfers[i].TransferId).Blob(3, transfers[i].Fingerprint.Span).Blob(4, transfers[i].Answer.Span).Run();
        }
    }

    private static List<JournalBatch> Page(SqliteSession session, string token, long after)
    {
        var page = new List<JournalBatch>();
        var find = session.Prepare("SELECT sequence, at_ticks, payload FROM ledger_journal WHERE token=?1 AND sequence>?2 ORDER BY sequence LIMIT ?3")
            .Text(1, token).Int(2, after).Int(3, PageRows);
        while (find.Step())
        {
            page.Add(new JournalBatch(find.ReadInt(0), Instants.FromTicks(find.ReadInt(1)), find.ReadBlob(2)));
        }

        return page;
    }

    private static List<(string Account, long Sum, long Count, long LastBalance)> Sums(SqliteSession session, string token, string? after)
    {
        var page = new List<(string, long, long, long)>();
        var find = session.Prepare(
            "SELECT account, sum(delta), count(*), (SELECT balance_after FROM ledger_entries e WHERE e.token=?1 AND e.account=s.account ORDER BY entry_sequence DESC LIMIT 1) "
            + $"FROM ledger_entries s WHERE token=?1 AND account{(after is null ? ">=" : ">")}?2 GROUP BY account ORDER BY account LIMIT 500").Text(1, token).Text(2, after ?? "");
        while (find.Step())
        {
            page.Add((find.ReadText(0), find.ReadInt(1), find.ReadInt(2), find.ReadInt(3)));
        }

        return page;
    }

    /// <summary>Hops from account to account in the primary key instead of reading every entry.</summary>
    private static List<StoredBalance> Balances(SqliteSession session, string token, string? after)
    {
        var page = new List<StoredBalance>();
        var find = session.Prepare(
            "WITH RECURSIVE hop(account) AS (SELECT * FROM (SELECT account FROM ledger_entries WHERE token=?1 AND account>?2 ORDER BY account LIMIT 1) UNION ALL "
            + "SELECT (SELECT e.account FROM ledger_entries e WHERE e.token=?1 AND e.account>hop.account ORDER BY e.account LIMIT 1) FROM hop WHERE hop.account IS NOT NULL LIMIT 500) "
            + "SELECT account, (SELECT balance_after FROM ledger_entries e WHERE e.token=?1 AND e.account=hop.account ORDER BY entry_sequence DESC LIMIT 1), "
            + "(SELECT max(entry_sequence) FROM ledger_entries e WHERE e.token=?1 AND e.account=hop.account), (SELECT through FROM ledger_index WHERE token=?1) FROM hop WHERE account IS NOT NULL")
            .Text(1, token).Text(2, after ?? "");
        while (find.Step())
        {
            page.Add(new(find.ReadText(0), find.ReadInt(1), find.ReadInt(2), find.ReadInt(3)));
        }

        return page;
    }

    private Task<long> NumberAsync(string sql, string token, CancellationToken cancel)
    {
        JournalCheck.Key("token", token);
        return store.Readers.RunAsync(session =>
        {
            var find = session.Prepare(sql).Text(1, token);
            var value = find.Step() ? find.ReadInt(0) : 0L;
            find.Reset();
            return value;
        }, cancel);
    }
}
