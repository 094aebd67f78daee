using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// The statements that write a batch's events. All of a change set's go into one row, named once for each of their topics: what a row and its index entries cost is paid once, not for every event and topic.
/// A database that older versions may still be reading gets a row for each (<see cref="PgSchema.EventSets"/>).
/// </summary>
internal static class PgEventWriter
{
    private const string RowsSql =
        "WITH written AS (INSERT INTO events(at_us, topic, type, subject, data) SELECT $1::bigint, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) AS u RETURNING position) SELECT max(position) FROM written";

    /// <summary>
    /// Positions come from the sequence of the older table, all of a batch's at once: whichever form is written, under the lock they follow each other. Offsets are those of each set's newest event.
    /// </summary>
    private const string SetsSql =
        """
        WITH base AS MATERIALIZED (SELECT setval('events_position_seq', nextval('events_position_seq') + $2::bigint - 1) AS newest),
            sets AS (INSERT INTO event_sets(position, events, at_us, data) SELECT base.newest - $2 + u.o, u.n, $1::bigint, u.d FROM base, unnest($3::bigint[], $4::bigint[], $5::bytea[]) AS u(o, n, d)),
            topics AS (INSERT INTO event_topics(topic, position) SELECT u.t, base.newest - $2 + u.o FROM base, unnest($6::text[], $7::bigint[]) AS u(t, o))
        SELECT newest FROM base
        """;

    /// <summary>Whether events are written a set a row.</summary>
    public static async Task<bool> WritesSetsAsync(NpgsqlConnection connection) =>
        await PgSchemaWork.ScalarAsync(connection, "SELECT 1 FROM store_meta WHERE name=$1 AND value=1", CancellationToken.None, PgSchema.EventSets).ConfigureAwait(false) is not null;

    /// <summary>The newest position is what the statement answers. Null without events.</summary>
    public static (string Sql, NpgsqlParameter[] Parameters)? Statement(IEnumerable<ImmutableArray<EventWrite>> changes, bool sets, DateTimeOffset now)
    {
        var all = changes.Where(static e => !e.IsEmpty).ToList();
        var at = new NpgsqlParameter<long> { TypedValue = Instants.ToMicroseconds(now) };
        return all.Count == 0 ? null : sets ? (SetsSql, Sets(all, at)) : (RowsSql, Rows([.. all.SelectMany(static e => e)], at));
    }

    private static NpgsqlParameter[] Rows(EventWrite[] events, NpgsqlParameter at) =>
    [
        at,
        PgParameters.Texts([.. events.Select(static e => e.Topic)]),
        PgParameters.Texts([.. events.Select(static e => e.Type)]),
        PgParameters.Texts([.. events.Select(static e => e.Subject)]),
        PgParameters.Blobs([.. events.Select(static e => PgParameters.Array(e.Data))]),
    ];

    private static NpgsqlParameter[] Sets(List<ImmutableArray<EventWrite>> all, NpgsqlParameter at)
    {
        var (offsets, counts, data) = (new long[all.Count], new long[all.Count], new byte[all.Count][]);
        var (topics, places) = (new List<string>(), new List<long>());
        var total = 0L;
        for (var i = 0; i < all.Count; i++)
        {
            total += all[i].Length;
            (offsets[i], counts[i]) = (total, all[i].Length);
            (data[i], var named) = EventSetCodec.Write(all[i]);
            topics.AddRange(named);
            places.AddRange(Enumerable.Repeat(total, named.Count));
        }

        return
        [
            at,
            new NpgsqlParameter<long> { TypedValue = total },
            PgParameters.Longs(offsets),
            PgParameters.Longs(counts),
            PgParameters.Blobs(data),
            PgParameters.Texts([.. topics]),
            PgParameters.Longs([.. places]),
        ];
    }
}
