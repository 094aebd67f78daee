using System.Diagnostics;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Committing;

/// <summary>
/// The bounded queue before a committer: journal appends first, then change sets, then background work when nothing else waits (or it has waited long enough).
/// Taking never waits when something is there, so an idle store adds no delay and a busy one batches by itself.
/// </summary>
internal sealed class CommitQueue(int rowsMax, int batchMax, int bytesMax, bool distinctRows)
{
    private static readonly TimeSpan BackgroundPatience = TimeSpan.FromMilliseconds(20);
    private readonly object _gate = new();
    private readonly Queue<CommitItem> _appends = new();
    private readonly Queue<CommitItem> _rows = new();
    private readonly Queue<BackgroundItem> _background = new();
    private readonly HashSet<RowId> _touched = [];
    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);
    private bool _closed;
    private Action? _pump;
    private bool _pumping;
    private bool _waiting;
    private bool _backgroundRan;

    /// <summary>True after <see cref="Close"/>.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>For who takes with <see cref="TryTake"/>: <paramref name="start"/> is called, outside every lock, when something waits and nobody takes.</summary>
    public void PumpBy(Action start)
    {
        lock (_gate)
        {
            _pump = start;
            if (_appends.Count + _rows.Count == 0)
            {
                return;
            }

            _pumping = true;
        }

        start();
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _appends.Count + _rows.Count + _background.Count;
            }
        }
    }

    public void Add(CommitItem item)
    {
        item.QueuedAt = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            var lane = item is AppendItem ? _appends : _rows;
            if (lane.Count >= rowsMax)
            {
                throw new StoreOverloadedException(lane.Count);
            }

            ThrowIfClosed();
            lane.Enqueue(item);
            if (!Wake())
            {
                return;
            }
        }

        _pump!();
    }

    public void Add(BackgroundItem item)
    {
        item.QueuedAt = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            if (_background.Count >= rowsMax)
            {
                throw new StoreOverloadedException(_background.Count);
            }

            ThrowIfClosed();
            _background.Enqueue(item);
            _ = Wake();
        }
    }

    /// <summary>Waits for work. Fills <paramref name="batch"/> or hands out one background item; false when closed and empty.</summary>
    public bool Take(List<CommitItem> batch, out BackgroundItem? background)
    {
        batch.Clear();
        background = null;
        lock (_gate)
        {
            while (_appends.Count + _rows.Count + _background.Count == 0)
            {
                if (_closed)
                {
                    return false;
                }

                _waiting = true;
                Monitor.Wait(_gate);
                _waiting = false;
            }

            // After a background item the others have their turn: a long row of them must not starve commits.
            var idle = _appends.Count + _rows.Count == 0;
            if (_background.TryPeek(out var first) && (idle || (!_backgroundRan && Stopwatch.GetElapsedTime(first.QueuedAt) > BackgroundPatience)))
            {
                background = _background.Dequeue();
                _backgroundRan = true;
                return true;
            }

            _backgroundRan = false;
            Gather(batch);
            return true;
        }
    }

    /// <summary>Fills <paramref name="batch"/> without waiting. False when nothing is there: then the next item starts the pump.</summary>
    public bool TryTake(List<CommitItem> batch)
    {
        batch.Clear();
        lock (_gate)
        {
            if (_appends.Count + _rows.Count == 0)
            {
                return _pumping = false;
            }

            Gather(batch);
            return true;
        }
    }

    /// <summary>No more is taken in; what waits is still handed out. True when nothing waits and nobody is at work.</summary>
    public bool Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
            return !_pumping;
        }
    }

    private void Gather(List<CommitItem> batch)
    {
        _touched.Clear();
        _tokens.Clear();
        var bytes = 0L;
        while (batch.Count < batchMax && bytes < bytesMax && _appends.TryPeek(out var append))
        {
            if (distinctRows && !_tokens.Add(((AppendItem)append).Token))
            {
                break;
            }

            bytes += append.Bytes;
            batch.Add(_appends.Dequeue());
        }

        while (batch.Count < batchMax && bytes < bytesMax && _rows.TryPeek(out var rows))
        {
            // An item that touches a row of this batch opens the next one: the order of one root's change sets is kept.
            if (distinctRows && !Touch(((RowsItem)rows).Changes))
            {
                break;
            }

            bytes += rows.Bytes;
            batch.Add(_rows.Dequeue());
        }
    }

    private bool Touch(ChangeSet changes)
    {
        var free = _touched.Add(changes.Root.Id);
        foreach (var child in changes.Children)
        {
            free &= _touched.Add(child.Id);
        }

        return free;
    }

    /// <summary>Wakes the thread that waits; true when there is none and a pump must be started.</summary>
    private bool Wake()
    {
        if (_waiting)
        {
            Monitor.Pulse(_gate);
        }

        if (_pump is null || _pumping)
        {
            return false;
        }

        return _pumping = true;
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw new StoreUnavailableException("the store is shutting down");
        }
    }
}
