using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Journal;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>The journals of the ledgers in PostgreSQL.</summary>
internal sealed class PgJournal(PgStore store) : ILedgerJournal
{
    private const int PageRows = 64;

    public async Task<AppendStatus> AppendAsync(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId)
    {
        JournalCheck.Append(token, batch, writerId, store.Options.DocumentBytesMax);
        var item = new AppendItem(token, batch, writerId.ToArray());
        store.JournalQueue.Add(item);
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
        await foreach (var batch in JournalPages.ReadAsync(from => PageAsync(token, from, cancel), after, PageRows).ConfigureAwait(false))
        {
            yield return batch;
        }
    }

    public Task<long> HeadAsync(string token, CancellationToken cancel = default) => NumberAsync("SELECT coalesce(max(sequence), 0) FROM ledger_journal WHERE token=$1", token, cancel);

    public Task<long> IndexedThroughAsync(string token, CancellationToken cancel = default) => NumberAsync("SELECT through FROM ledger_index WHERE token=$1", token, cancel);

    public Task<bool> IndexAsync(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        JournalCheck.Index(token, from, through, entries, transfers);
        return InTransactionAsync("index rows could not be written", async connection =>
        {
            await connection.RunAsync("INSERT INTO ledger_index(token, through) VALUES($1, 0) ON CONFLICT DO NOTHING", [token], default).ConfigureAwait(false);
            if (await connection.RunAsync("UPDATE ledger_index SET through=$3 WHERE token=$1 AND through=$2", [token, from, through], default).ConfigureAwait(false) == 0)
            {
                return false;
            }

            await CopyEntriesAsync(connection, token, JournalCheck.InKeyOrder(entries)).ConfigureAwait(false);
            await CopyTransfersAsync(connection, token, JournalCheck.InKeyOrder(transfers)).ConfigureAwait(false);
            return true;
        });
    }

    public async Task<ImmutableArray<IndexedTransfer>> FindTransfersAsync(string token, ImmutableArray<string> ids, CancellationToken cancel = default)
    {
        var wanted = ids.Where(JournalCheck.IsStorable).Distinct(StringComparer.Ordinal).ToArray();
        return wanted.Length == 0 ? [] : [.. await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                "SELECT transfer_id, fingerprint, answer FROM ledger_transfers WHERE token=$1 AND transfer_id=ANY($2)",
                [token, PgParameters.Texts(wanted)],
                reader => new IndexedTransfer(reader.GetString(0), reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2)),
                stop),
            cancel).ConfigureAwait(false)];
    }

    public async Task<ImmutableArray<IndexedEntry>> EntriesAsync(string token, string account, long? before, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return !JournalCheck.IsStorable(account) ? [] : [.. await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                "SELECT entry_sequence, delta, balance_after, transfer_id, kind, at_us, memo FROM ledger_entries WHERE token=$1 AND account=$2 AND entry_sequence<$3 ORDER BY entry_sequence DESC LIMIT $4",
                [token, account, before ?? long.MaxValue, (long)limit],
                reader => new IndexedEntry(
                    account, reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetString(3), reader.GetInt32(4), Instants.FromMicroseconds(reader.GetInt64(5)), reader.GetString(6)),
                stop),
            cancel).ConfigureAwait(false)];
    }

    public async IAsyncEnumerable<(string Account, long Sum, long Count, long LastBalance)> EntrySumsAsync(string token, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        // One statement is one snapshot: the sums of one moment add up.
        var connection = await store.Connections.OpenAsync(cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = connection.Make(
                "SELECT account, sum(delta)::bigint, count(*), (SELECT balance_after FROM ledger_entries e WHERE e.token=$1 AND e.account=s.account ORDER BY entry_sequence DESC LIMIT 1) "
                + "FROM ledger_entries s WHERE token=$1 GROUP BY account ORDER BY account",
                [token]);
            await using (command.ConfigureAwait(false))
            {
                command.CommandTimeout = 0;
                var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                    {
                        yield return (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
                    }
                }
            }
        }
    }

    public async IAsyncEnumerable<StoredBalance> BalancesAsync(string token, string? after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        JournalCheck.Key("token", token);

        // One statement is one snapshot. It hops from account to account in the primary key instead of reading every entry.
        const string Hops =
            "WITH RECURSIVE hop(account) AS ((SELECT account FROM ledger_entries WHERE token=$1 AND account>$2 ORDER BY account LIMIT 1) UNION ALL "
            + "SELECT (SELECT e.account FROM ledger_entries e WHERE e.token=$1 AND e.account>hop.account ORDER BY e.account LIMIT 1) FROM hop WHERE hop.account IS NOT NULL) "
            + "SELECT hop.account, e.balance_after, e.entry_sequence, (SELECT through FROM ledger_index WHERE token=$1) FROM hop "
            + "CROSS JOIN LATERAL (SELECT balance_after, entry_sequence FROM ledger_entries WHERE token=$1 AND account=hop.account ORDER BY entry_sequence DESC LIMIT 1) e WHERE hop.account IS NOT NULL";
        var behind = JournalCheck.After(after);
        var connection = await store.Connections.OpenAsync(cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = connection.Make(Hops, [token, behind]);
            await using (command.ConfigureAwait(false))
            {
                command.CommandTimeout = 0;
                var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                    {
                        yield return new StoredBalance(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
                    }
                }
            }
        }
    }

    public Task SaveSnapshotAsync(string token, long sequence, ReadOnlyMemory<byte> payload)
    {
        JournalCheck.Key("token", token);
        return InTransactionAsync("the snapshot could not be written", async connection =>
        {
            await connection.RunAsync(
                "INSERT INTO ledger_snapshots(token, sequence, payload) VALUES($1, $2, $3) ON CONFLICT(token, sequence) DO UPDATE SET payload=excluded.payload",
                [token, sequence, PgParameters.Array(payload)],
                default).ConfigureAwait(false);
            await connection.RunAsync(
                "DELETE FROM ledger_snapshots WHERE token=$1 AND sequence NOT IN (SELECT sequence FROM ledger_snapshots WHERE token=$1 ORDER BY sequence DESC LIMIT 2)", [token], default).ConfigureAwait(false);
            return true;
        });
    }

    public async Task<(long Sequence, ReadOnlyMemory<byte> Payload)?> LoadSnapshotAsync(string token, CancellationToken cancel = default)
    {
        JournalCheck.Key("token", token);
        var found = await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                "SELECT sequence, payload FROM ledger_snapshots WHERE token=$1 ORDER BY sequence DESC LIMIT 1", [token], reader => (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)), stop),
            cancel).ConfigureAwait(false);
        return found.Count == 0 ? null : (found[0].Item1, found[0].Item2);
    }

    private Task<List<JournalBatch>> PageAsync(string token, long after, CancellationToken cancel) => store.Connections.ReadAsync(
        (connection, stop) => connection.QueryAsync(
            "SELECT sequence, at_ticks, payload FROM ledger_journal WHERE token=$1 AND sequence>$2 ORDER BY sequence LIMIT $3",
            [token, after, (long)PageRows],
            reader => new JournalBatch(reader.GetInt64(0), Instants.FromTicks(reader.GetInt64(1)), reader.GetFieldValue<byte[]>(2)),
            stop),
        cancel);

    private static async Task CopyEntriesAsync(NpgsqlConnection connection, string token, IndexedEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return;
        }

        var copy = await PgCopyWriter.BeginAsync(
            connection, "COPY ledger_entries(token, account, entry_sequence, delta, balance_after, transfer_id, kind, at_us, memo) FROM STDIN (FORMAT BINARY)").ConfigureAwait(false);
        await using (copy.ConfigureAwait(false))
        {
            for (var i = 0; i < entries.Length; i++)
            {
                Write(copy, token, in entries[i]);
                if (copy.IsFull)
                {
                    await copy.FlushAsync().ConfigureAwait(false);
                }
            }

            await copy.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static void Write(PgCopyWriter copy, string token, in IndexedEntry entry)
    {
        copy.Row(9);
        copy.Text(token);
        copy.Text(entry.Account);
        copy.Long(entry.EntrySequence);
        copy.Long(entry.Delta);
        copy.Long(entry.BalanceAfter);
        copy.Text(entry.TransferId);
        copy.Int(entry.Kind);
        copy.Long(Instants.ToMicroseconds(entry.At));
        copy.Text(JournalCheck.Memo(entry.Memo));
    }

    private static async Task CopyTransfersAsync(NpgsqlConnection connection, string token, IndexedTransfer[] transfers)
    {
        if (transfers.Length == 0)
        {
            return;
        }

        var copy = await PgCopyWriter.BeginAsync(connection, "COPY ledger_transfers(token, transfer_id, fingerprint, answer) FROM STDIN (FORMAT BINARY)").ConfigureAwait(false);
        await using (copy.ConfigureAwait(false))
        {
            for (var i = 0; i < transfers.Length; i++)
            {
                copy.Row(4);
                copy.Text(token);
                copy.Text(transfers[i].TransferId);
                copy.Bytes(transfers[i].Fingerprint.Span);
                copy.Bytes(transfers[i].Answer.Span);
                if (copy.IsFull)
                {
                    await copy.FlushAsync().ConfigureAwait(false);
                }
            }

            await copy.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Work answering false is undone. Throws <see cref="StoreUnavailableException"/> when it did not commit, or may not have.</summary>
    private async Task<bool> InTransactionAsync(string failure, Func<NpgsqlConnection, Task<bool>> work)
    {
        var connection = await store.Connections.OpenAsync(default).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    if (!await work(connection).ConfigureAwait(false))
                    {
                        return false;
                    }

                    await transaction.CommitAsync().ConfigureAwait(false);
                    return true;
                }
            }
            catch (Exception problem) when (PgErrors.IsData(problem))
            {
                throw new ArgumentException($"{failure}: {problem.Message}", problem);
            }
            catch (Exception problem) when (PgErrors.IsStore(problem))
            {
                throw new StoreUnavailableException($"{failure}: {problem.Message}", problem);
            }
        }
    }

    private async Task<long> NumberAsync(string sql, string token, CancellationToken cancel)
    {
        JournalCheck.Key("token", token);
        return (await store.Connections.ReadAsync((connection, stop) => connection.QueryAsync(sql, [token], reader => reader.GetInt64(0), stop), cancel).ConfigureAwait(false)).FirstOrDefault();
    }
}
