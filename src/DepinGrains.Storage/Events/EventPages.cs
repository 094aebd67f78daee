using System.Collections.Immutable;

namespace DepinGrains.Storage.Events;

/// <summary>The rules of a page that all stores share.</summary>
internal static class EventPages
{
    /// <summary>
    /// <paramref name="head"/> was read before the events, <paramref name="trimmed"/> after them. A cursor before what was trimmed has lost events; one beyond the head comes
    /// from a database that was put back since: both are gone.
    /// </summary>
    public static EventPage Make(ImmutableArray<StoredEvent> events, long after, long head, long trimmed, int limit) =>
        after < trimmed || after > head
            ? new EventPage([], head, true)
            : new EventPage(events, events.Length == limit ? events[^1].Position : head, false);
}
