using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Journal;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Writes appends of several ledgers in one statement on a connection of its own: they never wait behind change sets.</summary>
internal sealed class PgJournalWriter(PgConnections connections, FencedWriters fenced) : PgWriter(connections)
{
    private const string AppendSql =
        "INSERT INTO ledger_journal(token, sequence, at_ticks, writer, payload) SELECT u.t, u.s, u.a, u.w, u.p "
        + "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[]) AS u(t, s, a, w, p) "
        + "WHERE u.s=1 OR EXISTS(SELECT 1 FROM ledger_journal j WHERE j.token=u.t AND j.sequence=u.s-1) ON CONFLICT(token, sequence) DO NOTHING RETURNING token";

    /// <summary>One batch, by far the usual case: half the work of the statement for many.</summary>
    private const string AppendOneSql =
        "INSERT INTO ledger_journal(token, sequence, at_ticks, writer, payload) SELECT $1, $2, $3, $4, $5 "
        + "WHERE $2=1 OR EXISTS(SELECT 1 FROM ledger_journal WHERE token=$1 AND sequence=$2-1) ON CONFLICT(token, sequence) DO NOTHING";

    protected override async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<CommitItem> batch)
    {
        var items = new List<AppendItem>(batch.Count);
        foreach (var item in batch.Cast<AppendItem>())
        {
            item.Decided = AppendStatus.Fenced;
            if (!fenced.Contains(item.Token, item.WriterId))
            {
                items.Add(item);
            }
        }

        if (items.Count == 0)
        {
            return;
        }

        items.Sort((a, b) => string.CompareOrdinal(a.Token, b.Token));
        var one = items.Count == 1 && await AppendAsync(connection, items[0]).ConfigureAwait(false);
        var written = items.Count == 1 ? null : await AppendAsync(connection, items).ConfigureAwait(false);
        foreach (var item in items)
        {
            item.Decided = written?.Contains(item.Token) ?? one ? AppendStatus.Appended : await HolderAsync(connection, item).ConfigureAwait(false);
            if (item.Decided == AppendStatus.Fenced)
            {
                fenced.Add(item.Token, item.WriterId);
            }
        }
    }

    private async Task<bool> AppendAsync(NpgsqlConnection connection, AppendItem item)
    {
        var command = new NpgsqlCommand(AppendOneSql, connection);
        await using var asCommand = command.ConfigureAwait(false);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = item.Token });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.Batch.Sequence });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.Batch.At.UtcTicks });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = item.WriterId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = PgParameters.Array(item.Batch.Payload) });
        CommitSent = true;
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false) == 1;
    }

    private async Task<HashSet<string>> AppendAsync(NpgsqlConnection connection, List<AppendItem> items)
    {
        var command = new NpgsqlCommand(AppendSql, connection);
        await using var asCommand = command.ConfigureAwait(false);
        command.Parameters.Add(PgParameters.Texts([.. items.Select(i => i.Token)]));
        command.Parameters.Add(PgParameters.Longs([.. items.Select(i => i.Batch.Sequence)]));
        command.Parameters.Add(PgParameters.Longs([.. items.Select(i => i.Batch.At.UtcTicks)]));
        command.Parameters.Add(PgParameters.Blobs([.. items.Select(i => i.WriterId)]));
        command.Parameters.Add(PgParameters.Blobs([.. items.Select(i => PgParameters.Array(i.Batch.Payload))]));
        CommitSent = true;
        var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        var written = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            written.Add(reader.GetString(0));
        }

        return written;
    }

    private static async Task<AppendStatus> HolderAsync(NpgsqlConnection connection, AppendItem item)
    {
        var command = new NpgsqlCommand("SELECT writer, payload FROM ledger_journal WHERE token=$1 AND sequence=$2", connection);
        await using var asCommand = command.ConfigureAwait(false);
        command.Parameters.AddWithValue(item.Token);
        command.Parameters.AddWithValue(item.Batch.Sequence);
        var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        return await reader.ReadAsync().ConfigureAwait(false) ? item.JudgeLoss(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1)) : AppendStatus.Fenced;
    }
}
