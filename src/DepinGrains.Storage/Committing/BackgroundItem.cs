namespace DepinGrains.Storage.Committing;

/// <summary>Work of the single writer that is not a change set: index rows, snapshots, trimming, migrations. Each runs in a transaction of its own.</summary>
internal abstract class BackgroundItem
{
    public long QueuedAt { get; set; }

    /// <summary>Does the work on the committer's thread; never throws.</summary>
    public abstract void Run();
}

/// <inheritdoc/>
internal sealed class BackgroundItem<T>(Func<T> work) : BackgroundItem
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _done.Task;

    public override void Run()
    {
        try
        {
            _done.TrySetResult(work());
        }
        catch (Exception problem)
        {
            _done.TrySetException(problem);
        }
    }
}
