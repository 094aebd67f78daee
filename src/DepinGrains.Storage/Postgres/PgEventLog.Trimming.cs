using DepinGrains.Storage.Events;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <content>Retention: the log is cut from its beginning only, up to the first event that is young enough.</content>
internal sealed partial class PgEventLog
{
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

    private static async Task<long> TrimAsync(NpgsqlConnection connection, long olderThan, int limit, CancellationToken cancel)
    {
        var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await NumberAsync(connection, TrimmedSql + " FOR UPDATE", cancel).ConfigureAwait(false);
            if (await ThroughAsync(connection, olderThan, limit, cancel).ConfigureAwait(false) is not { } through)
            {
                return 0;
            }

            await connection.RunAsync("UPDATE store_meta SET value=$1 WHERE name='events_trimmed' AND value<$1", [through], cancel).ConfigureAwait(false);
            var dropped = await connection.RunAsync("DELETE FROM events WHERE position<=$1", [through], cancel).ConfigureAwait(false);
            var sets = await connection.QueryAsync(
                "DELETE FROM event_sets WHERE position<=$1 RETURNING position, events, data",
                [through],
                static reader => (Last: reader.GetInt64(0), Count: reader.GetInt64(1), Topics: EventSetCodec.Topics(reader.GetFieldValue<byte[]>(2))),
                cancel).ConfigureAwait(false);
            await connection.RunAsync(
                "DELETE FROM event_topics t USING unnest($1::text[], $2::bigint[]) AS u(topic, position) WHERE t.topic=u.topic AND t.position=u.position",
                [PgParameters.Texts([.. sets.SelectMany(static s => s.Topics)]), PgParameters.Longs([.. sets.SelectMany(static s => s.Topics.Select(_ => s.Last))])],
                cancel).ConfigureAwait(false);
            await transaction.CommitAsync(cancel).ConfigureAwait(false);
            return dropped + sets.Sum(static s => s.Count);
        }
    }

    /// <summary>The newest position of the oldest events that are old enough, at most <paramref name="limit"/> of them; a set is dropped whole, so the first may be larger. Null: there are none.</summary>
    private static async Task<long?> ThroughAsync(NpgsqlConnection connection, long olderThan, int limit, CancellationToken cancel)
    {
        var oldest = await connection.QueryAsync(
            """
            SELECT * FROM (
                (SELECT position, 1::bigint AS n, at_us FROM events ORDER BY position LIMIT $1)
                UNION ALL (SELECT position, events, at_us FROM event_sets ORDER BY position LIMIT $1)) AS oldest
            ORDER BY position LIMIT $1
            """,
            [(long)limit],
            static reader => (Last: reader.GetInt64(0), Count: reader.GetInt64(1), At: reader.GetInt64(2)),
            cancel).ConfigureAwait(false);
        long? through = null;
        var count = 0L;
        foreach (var next in oldest.TakeWhile(e => e.At < olderThan))
        {
            count += next.Count;
            if (through is not null && count > limit)
            {
                break;
            }

            through = next.Last;
        }

        return through;
    }
}
