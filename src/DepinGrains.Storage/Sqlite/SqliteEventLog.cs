using System.Collections.Immutable;
using DepinGrains.Storage.Events;

namespace DepinGrains.Storage.Sqlite;

/// <summary>Events in the SQLite file: one writer assigns the positions inside its transactions, so every position seen is final.</summary>
internal sealed class SqliteEventLog(SqliteStore store) : IEventLog
{
    public Task<long> HeadAsync(CancellationToken cancel = default) => store.Readers.RunAsync(Head, cancel);

    public Task<long> TrimmedAsync(CancellationToken cancel = default) => store.Readers.RunAsync(Trimmed, cancel);

    public Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return store.Readers.RunAsync(session =>
        {
            var head = Head(session);
            var events = ImmutableArray.CreateBuilder<StoredEvent>();
            if (topic is null || Journal.JournalCheck.IsStorable(topic))
            {
                var find = session.Prepare(
                    "SELECT position, at_us, topic, type, subject, data FROM events WHERE position>?1 AND position<=?2" + (topic is null ? "" : " AND topic=?4") + " ORDER BY position LIMIT ?3");
                find.Int(1, after).Int(2, head).Int(3, limit);
                if (topic is not null)
                {
                    find.Text(4, topic);
                }

                while (find.Step())
                {
                    events.Add(new StoredEvent(find.ReadInt(0), Instants.FromMicroseconds(find.ReadInt(1)), find.ReadText(2), find.ReadText(3), find.ReadText(4), find.ReadBlob(5)));
                }
            }

            return EventPages.Make(events.ToImmutable(), after, head, Trimmed(session), limit);
        }, cancel);
    }

    public Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default) => store.Signal.WaitAsync(after, atMost, HeadAsync, cancel);

    public Task<long> TrimAsync(DateTimeOffset olderThan, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return store.ExclusiveAsync(session =>
        {
            // The log is cut from its beginning only: up to the first event that is young enough, at most limit events.
            var find = session.Prepare(
                "SELECT max(position) FROM (SELECT position FROM events WHERE position < "
                + "(SELECT coalesce(min(position), 9223372036854775807) FROM (SELECT position, at_us FROM events ORDER BY position LIMIT ?2) WHERE at_us >= ?1) ORDER BY position LIMIT ?2)")
                .Int(1, Instants.ToMicroseconds(olderThan)).Int(2, limit);
            var through = find.Step() && !find.IsNull(0) ? find.ReadInt(0) : 0;
            find.Reset();
            if (through == 0)
            {
                return 0L;
            }

            session.Prepare("UPDATE store_meta SET value=?1 WHERE name='events_trimmed' AND value<?1").Int(1, through).Run();
            return session.Prepare("DELETE FROM events WHERE position<=?1").Int(1, through).Run();
        });
    }

    private static long Head(SqliteSession session) =>
        Number(session, "SELECT max(coalesce((SELECT max(position) FROM events), 0), (SELECT value FROM store_meta WHERE name='events_trimmed'))");

    private static long Trimmed(SqliteSession session) => Number(session, "SELECT value FROM store_meta WHERE name='events_trimmed'");

    private static long Number(SqliteSession session, string sql)
    {
        var find = session.Prepare(sql);
        var value = find.Step() ? find.ReadInt(0) : 0;
        find.Reset();
        return value;
    }
}
