using System.Collections.Immutable;
using DepinGrains.Storage.Events;

namespace DepinGrains.Storage.InMemory;

public sealed partial class InMemoryStore : IEventLog
{
    private readonly List<StoredEvent> _events = [];
    private long _head;
    private long _trimmed;
    private TaskCompletionSource _written = new();

    /// <inheritdoc/>
    Task<long> IEventLog.HeadAsync(CancellationToken cancel) => Read("events", () => _head);

    /// <inheritdoc/>
    Task<long> IEventLog.TrimmedAsync(CancellationToken cancel) => Read("events", () => _trimmed);

    /// <inheritdoc/>
    public Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Read("events", () => EventPages.Make(
            [.. _events.Skip(FirstAfter(after)).Where(e => topic is null || e.Topic == topic).Take(limit)], after, _head, _trimmed, limit));
    }

    /// <inheritdoc/>
    public async Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default)
    {
        Task written;
        lock (_gate)
        {
            if (_head > after)
            {
                return;
            }

            written = _written.Task;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(written, Task.Delay(atMost, _time, stop.Token));
        await stop.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public Task<long> TrimAsync(DateTimeOffset olderThan, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Read("events", () =>
        {
            var old = _events.Take(limit).TakeWhile(e => e.At < olderThan).Count();
            if (old > 0)
            {
                _trimmed = _events[old - 1].Position;
                _events.RemoveRange(0, old);
            }

            return (long)old;
        });
    }

    private int FirstAfter(long position)
    {
        var from = 0;
        var to = _events.Count;
        while (from < to)
        {
            var middle = from + ((to - from) / 2);
            if (_events[middle].Position > position)
            {
                to = middle;
            }
            else
            {
                from = middle + 1;
            }
        }

        return from;
    }

    private void Write(ImmutableArray<EventWrite> events)
    {
        if (events.Length == 0)
        {
            return;
        }

        var now = Instants.FromMicroseconds(Instants.ToMicroseconds(_time.GetUtcNow()));
        foreach (var e in events)
        {
            _events.Add(new StoredEvent(++_head, now, e.Topic, e.Type, e.Subject, e.Data.ToArray()));
        }

        // Continuations of waiting readers run here, in the writer's turn: that is what makes a simulation repeatable.
        var written = _written;
        _written = new TaskCompletionSource();
        written.TrySetResult();
    }
}
