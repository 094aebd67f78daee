using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Events in PostgreSQL. Positions are assigned under an advisory lock that is held until the commit is visible, so whatever lies at or below the head is there for good.</summary>
internal sealed class PgEventLog(PgStore store) : IEventLog
{
    private const string HeadSql =
        "SELECT greatest(coalesce((SELECT max(position) FROM events), 0), (SELECT value FROM store_meta WHERE name='events_trimmed'))";

    private const string TrimmedSql = "SELECT value FROM store_meta WHERE name='events_trimmed'";

    public Task<long> HeadAsync(CancellationToken cancel = default) => store.Connections.ReadAsync((connection, stop) => NumberAsync(connection, HeadSql, stop), cancel);

    public Task<long> TrimmedAsync(CancellationToken cancel = default) => store.Connections.ReadAsync((connection, stop) => NumberAsync(connection, TrimmedSql, stop), cancel);

    public Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return store.Connections.ReadAsync(async (connection, stop) =>
        {
            var head = await NumberAsync(connection, HeadSql, stop).ConfigureAwait(false);
            var events = topic is not null && !TextCheck.IsText(topic, "") ? [] : await connection.QueryAsync(
                "SELECT position, at_us, topic, type, subject, data FROM events WHERE position>$1 AND position<=$2" + (topic is null ? "" : " AND topic=$4") + " ORDER BY position LIMIT $3",
                topic is null ? [after, head, (long)limit] : [after, head, (long)limit, topic],
                Event,
                stop).ConfigureAwait(false);
            return EventPages.Make([.. events], after, head, await NumberAsync(connection, TrimmedSql, stop).ConfigureAwait(false), limit);
        }, cancel);
    }

    public Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default)
    {
        store.Listener.Start();
        return store.Signal.WaitAsync(after, atMost, HeadAsync, cancel);
    }

    public async Task<long> TrimAsync(DateTimeOffset olderThan, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var connection = await store.Connections.OpenAsync(cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await TrimAsync(connection, Instants.ToMicroseconds(olderThan), limit, cancel).ConfigureAwait(false);
            }
            catch (Exception problem) when (PgErrors.IsStore(problem) && !cancel.IsCancellationRequested)
            {
                throw new StoreUnavailableException("events could not be trimmed: " + problem.Message, problem);
            }
        }
    }

    /// <summary>The log is cut from its beginning only: up to the first event that is young enough, at most limit events.</summary>
    private static async Task<long> TrimAsync(NpgsqlConnection connection, long olderThan, int limit, CancellationToken cancel)
    {
        var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await NumberAsync(connection, TrimmedSql + " FOR UPDATE", cancel).ConfigureAwait(false);
            var oldest = await connection.QueryAsync(
                "SELECT position, at_us FROM events ORDER BY position LIMIT $1", [(long)limit], reader => (Position: reader.GetInt64(0), At: reader.GetInt64(1)), cancel).ConfigureAwait(false);
            var old = oldest.TakeWhile(e => e.At < olderThan).ToList();
            if (old.Count == 0)
            {
                return 0;
            }

            var through = old[^1].Position;
            await connection.RunAsync("UPDATE store_meta SET value=$1 WHERE name='events_trimmed' AND value<$1", [through], cancel).ConfigureAwait(false);
            var dropped = await connection.RunAsync("DELETE FROM events WHERE position<=$1", [through], cancel).ConfigureAwait(false);
            await transaction.CommitAsync(cancel).ConfigureAwait(false);
            return dropped;
        }
    }

    private static StoredEvent Event(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), Instants.FromMicroseconds(reader.GetInt64(1)), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetFieldValue<byte[]>(5));

    private static async Task<long> NumberAsync(NpgsqlConnection connection, string sql, CancellationToken cancel) =>
        (await connection.QueryAsync(sql, [], reader => reader.GetInt64(0), cancel).ConfigureAwait(false)).FirstOrDefault();
}
