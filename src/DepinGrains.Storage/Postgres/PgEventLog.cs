using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Events in PostgreSQL. Positions are assigned under an advisory lock that is held until the commit is visible, so whatever lies at or below the head is there for good. They stand a change set a row
/// (<see cref="EventSetCodec"/>) or, from older versions and beside them, one a row; readers see one log.
/// </summary>
internal sealed partial class PgEventLog(PgStore store) : IEventLog
{
    private const string HeadsSql =
        """
        SELECT greatest(coalesce((SELECT max(position) FROM events), 0), coalesce((SELECT max(position) FROM event_sets), 0), (SELECT value FROM store_meta WHERE name='events_trimmed')),
            coalesce((SELECT max(position) FROM events), 0)
        """;

    private const string TrimmedSql = "SELECT value FROM store_meta WHERE name='events_trimmed'";

    public async Task<long> HeadAsync(CancellationToken cancel = default) => (await store.Connections.ReadAsync(HeadsAsync, cancel).ConfigureAwait(false)).All;

    public Task<long> TrimmedAsync(CancellationToken cancel = default) => store.Connections.ReadAsync((connection, stop) => NumberAsync(connection, TrimmedSql, stop), cancel);

    public Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return store.Connections.ReadAsync(async (connection, stop) =>
        {
            var heads = await HeadsAsync(connection, stop).ConfigureAwait(false);
            var asked = new Asked(after, heads.All, topic, limit);
            var events = topic is not null && !TextCheck.IsText(topic, "") ? [] : await SetsAsync(connection, asked, stop).ConfigureAwait(false);
            if (after < heads.Rows && (topic is null || TextCheck.IsText(topic, "")))
            {
                events = [.. events.Concat(await RowsAsync(connection, asked, stop).ConfigureAwait(false)).OrderBy(static e => e.Position).Take(limit)];
            }

            return EventPages.Make([.. events], after, heads.All, await NumberAsync(connection, TrimmedSql, stop).ConfigureAwait(false), limit);
        }, cancel);
    }

    public Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default)
    {
        store.Listener.Start();
        return store.Signal.WaitAsync(after, atMost, HeadAsync, cancel);
    }

    /// <summary>A set counts for the topic it is listed under, whatever part of it lies after the position: each listed one has at least one event to tell, but for the first.</summary>
    private static async Task<List<StoredEvent>> SetsAsync(NpgsqlConnection connection, Asked asked, CancellationToken cancel)
    {
        var source = asked.Topic is null ? "event_sets s" : "event_topics t JOIN event_sets s ON s.position=t.position";
        var key = asked.Topic is null ? "s" : "t";
        var sets = await connection.QueryAsync(
            $"SELECT s.position, s.events, s.at_us, s.data FROM {source} WHERE {key}.position>$1 AND {key}.position<=$2" + (asked.Topic is null ? "" : " AND t.topic=$4") + $" ORDER BY {key}.position LIMIT $3",
            asked.Arguments(more: 1),
            static reader => (Last: reader.GetInt64(0), Count: (int)reader.GetInt64(1), At: Instants.FromMicroseconds(reader.GetInt64(2)), Data: reader.GetFieldValue<byte[]>(3)),
            cancel).ConfigureAwait(false);
        return [.. sets.SelectMany(static s => EventSetCodec.Read(s.Last, s.Count, s.At, s.Data)).Where(e => e.Position > asked.After && (asked.Topic is null || e.Topic == asked.Topic)).Take(asked.Limit)];
    }

    private static Task<List<StoredEvent>> RowsAsync(NpgsqlConnection connection, Asked asked, CancellationToken cancel) => connection.QueryAsync(
        "SELECT position, at_us, topic, type, subject, data FROM events WHERE position>$1 AND position<=$2" + (asked.Topic is null ? "" : " AND topic=$4") + " ORDER BY position LIMIT $3",
        asked.Arguments(more: 0),
        static reader => new StoredEvent(
            reader.GetInt64(0), Instants.FromMicroseconds(reader.GetInt64(1)), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetFieldValue<byte[]>(5)),
        cancel);

    private static async Task<(long All, long Rows)> HeadsAsync(NpgsqlConnection connection, CancellationToken cancel) =>
        (await connection.QueryAsync(HeadsSql, [], static reader => (reader.GetInt64(0), reader.GetInt64(1)), cancel).ConfigureAwait(false))[0];

    private static async Task<long> NumberAsync(NpgsqlConnection connection, string sql, CancellationToken cancel) =>
        (await connection.QueryAsync(sql, [], static reader => reader.GetInt64(0), cancel).ConfigureAwait(false)).FirstOrDefault();

    private readonly record struct Asked(long After, long Head, string? Topic, int Limit)
    {
        public object[] Arguments(int more) => Topic is null ? [After, Head, (long)Limit + more] : [After, Head, (long)Limit + more, Topic];
    }
}
