using System.Collections.Immutable;

namespace DepinGrains.Storage.Events;

/// <summary>Something that happened, written in the transaction that made it so.</summary>
/// <param name="Topic">Who may want it: <c>market</c>, <c>deployment/{id}</c>, <c>provider/{id}</c>…; lists filter by exact topic.</param>
/// <param name="Type"><c>lease.created</c> and the like.</param>
/// <param name="Subject">Id of the thing.</param>
/// <param name="Data">UTF-8 JSON, public to whoever may read the topic: no secrets.</param>
public sealed record EventWrite(string Topic, string Type, string Subject, ReadOnlyMemory<byte> Data);

/// <summary>An event as read. <paramref name="Position"/> is commit-safe: a reader that resumes after it misses nothing, however many committers run.</summary>
public sealed record StoredEvent(long Position, DateTimeOffset At, string Topic, string Type, string Subject, ReadOnlyMemory<byte> Data);

/// <summary>A read of the event log. <paramref name="Gone"/>: the cursor is older than retention; start from a snapshot.</summary>
public sealed record EventPage(ImmutableArray<StoredEvent> Events, long Position, bool Gone);

/// <summary>The event log.</summary>
public interface IEventLog
{
    /// <summary>Position of the newest event that every earlier one precedes for good.</summary>
    Task<long> HeadAsync(CancellationToken cancel = default);

    /// <summary>Position up to which events are no longer kept; 0: all are.</summary>
    Task<long> TrimmedAsync(CancellationToken cancel = default);

    /// <summary>Events after a position, oldest first, of all topics or of one.</summary>
    Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default);

    /// <summary>Completes when something may have been written after <paramref name="after"/>, or the time is up. Only a hint.</summary>
    Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default);

    /// <summary>Drops events older than retention; returns how many.</summary>
    Task<long> TrimAsync(DateTimeOffset olderThan, int limit, CancellationToken cancel = default);
}
