namespace DepinGrains.Storage.Events;

/// <summary>Wakes waiting readers of the event log in this process; beyond it they look by themselves now and then.</summary>
internal sealed class EventSignal(TimeProvider time, TimeSpan poll)
{
    private readonly object _gate = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _head;

    /// <summary>Something was committed, up to a position if known (0 = not known).</summary>
    public void Advance(long position)
    {
        TaskCompletionSource woken;
        lock (_gate)
        {
            _head = Math.Max(_head, position);
            woken = _next;
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        woken.TrySetResult();
    }

    /// <summary>Returns when the head may have passed <paramref name="after"/>, or the time is up. <paramref name="readHead"/> asks the store.</summary>
    public async Task WaitAsync(long after, TimeSpan atMost, Func<CancellationToken, Task<long>> readHead, CancellationToken cancel)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            Task woken;
            lock (_gate)
            {
                if (_head > after)
                {
                    return;
                }

                woken = _next.Task;
            }

            if (await LookAsync(after, readHead, cancel).ConfigureAwait(false))
            {
                return;
            }

            var left = atMost - time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var done = await Task.WhenAny(woken, Task.Delay(left < poll ? left : poll, time, stop.Token)).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            if (done == woken)
            {
                return;
            }
        }
    }

    private async Task<bool> LookAsync(long after, Func<CancellationToken, Task<long>> readHead, CancellationToken cancel)
    {
        try
        {
            var head = await readHead(cancel).ConfigureAwait(false);
            lock (_gate)
            {
                _head = Math.Max(_head, head);
            }

            return head > after;
        }
        catch (StoreUnavailableException)
        {
            // Only a hint: the reader meets the broken store when it reads.
            return false;
        }
    }
}
