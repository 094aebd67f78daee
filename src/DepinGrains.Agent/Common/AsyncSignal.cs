namespace DepinGrains.Agent.Common;

/// <summary>"Something changed": wakes every waiter; a change between two waits is not lost when the version is compared.</summary>
internal sealed class AsyncSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _source = New();
    private long _version;

    /// <summary>Grows with each <see cref="Set"/>.</summary>
    public long Version => Volatile.Read(ref _version);

    public void Set()
    {
        TaskCompletionSource old;
        lock (_gate)
        {
            _version++;
            old = _source;
            _source = New();
        }

        old.TrySetResult();
    }

    /// <summary>Waits until the version is no longer <paramref name="seen"/>, or the time is up. Cancellation throws.</summary>
    public async Task WaitAsync(long seen, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        Task task;
        lock (_gate)
        {
            if (_version != seen)
            {
                return;
            }

            task = _source.Task;
        }

        try
        {
            await task.WaitAsync(limit, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Time is up: the caller looks for itself.
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
