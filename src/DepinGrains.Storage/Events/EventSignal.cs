namespace DepinGrains.Storage.Events;

/// <summary>Wakes waiting readers of the event log in this process; beyond it they look by themselves now and then.</summary>
internal sealed class EventSignal(TimeProvider time, TimeSpan poll)
{
    private TaskCompletionSource _next = New();

    /// <summary>Something was committed.</summary>
    public void Advance() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    /// <summary>Returns when the head may have passed <paramref name="after"/>, or the time is up. <paramref name="readHead"/> asks the store.</summary>
    public async Task WaitAsync(long after, TimeSpan atMost, Func<CancellationToken, Task<long>> readHead, CancellationToken cancel)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            // Taken before looking: what is committed in between wakes us.
            var woken = Volatile.Read(ref _next).Task;
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

    private static async Task<bool> LookAsync(long after, Func<CancellationToken, Task<long>> readHead, CancellationToken cancel)
    {
        try
        {
            return await readHead(cancel).ConfigureAwait(false) > after;
        }
        catch (StoreUnavailableException)
        {
            // Only a hint: the reader meets the broken store when it reads.
            return false;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
