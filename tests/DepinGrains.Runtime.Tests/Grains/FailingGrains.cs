namespace DepinGrains.Runtime.Tests.Grains;

[GenerateSerializer]
public sealed class QuotaException(string message) : Exception(message)
{
    [Id(0)]
    public int Limit { get; set; }
}

public interface IFailingGrain : IGrainWithStringKey
{
    Task ThrowAtOnce();

    Task<int> ThrowLater();

    Task<string> CatchFrom(string other);

    Task ThrowCanceled();
}

public sealed class FailingGrain : Grain, IFailingGrain
{
    public Task ThrowAtOnce() => throw new InvalidOperationException("at once", new ArgumentException("inner"));

    public async Task<int> ThrowLater()
    {
        await Task.Yield();
        return Deep(3);
    }

    public async Task<string> CatchFrom(string other)
    {
        try
        {
            await GrainFactory.GetGrain<IFailingGrain>(other).ThrowLater();
            return "nothing";
        }
        catch (QuotaException exception)
        {
            return $"{exception.Message} {exception.Limit}";
        }
    }

    public Task ThrowCanceled() => throw new OperationCanceledException("changed my mind");

    private static int Deep(int level) => level == 0 ? throw new QuotaException("too much") { Limit = 7 } : Deep(level - 1) + 1;
}

/// <summary>Waits for cancellation.</summary>
public interface ICancellableGrain : IGrainWithStringKey
{
    Task<int> WaitForCancellation(int number, CancellationToken cancellationToken);

    Task<int> Count();
}

public sealed class CancellableGrain : Grain, ICancellableGrain
{
    private int _started;

    public async Task<int> WaitForCancellation(int number, CancellationToken cancellationToken)
    {
        var board = Board.Of(this.GetPrimaryKeyString());
        var own = TaskScheduler.Current;
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(() =>
        {
            board.Note($"cancelled {number}");
            cancelled.TrySetResult();
        });
        _started++;
        board.Note($"started {number}");
        await Task.WhenAny(cancelled.Task, board.Gate("go"));
        cancellationToken.ThrowIfCancellationRequested();
        return TaskScheduler.Current == own ? number : -1;
    }

    public Task<int> Count() => Task.FromResult(_started);
}
