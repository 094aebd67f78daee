using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// Lets callers whose answers have just left come back before the next batch is sealed: else two halves of them take turns and every batch is half as large. Waits without
/// spinning, as the callers need the processor; bounded in time; and after a wait in vain the next ones are left out, twice as many each time, so that callers who come and go
/// as they please wait for nobody. Runs on the grain's scheduler only.
/// </summary>
internal sealed class ReturningCallers
{
    private const int SkipMost = 64;
    private readonly LedgerBook _book;
    private readonly TimeSpan _most;
    private readonly ITimer _timer;
    private volatile TaskCompletionSource? _waiting;
    private int _expected;
    private int _skip;
    private int _skipNext = 1;

    /// <param name="book">The book whose open batch fills.</param>
    /// <param name="timers">The machine's timers.</param>
    /// <param name="most">Longest wait; zero for none.</param>
    public ReturningCallers(LedgerBook book, TimeProvider timers, TimeSpan most)
    {
        (_book, _most) = (book, most);
        _timer = timers.CreateTimer(static self => ((ReturningCallers)self!)._waiting?.TrySetResult(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A batch is durable: so many operations come again if all its callers do.</summary>
    public void Expect(int operations) => _expected = operations;

    /// <summary>An operation has joined the open batch.</summary>
    public void Joined()
    {
        if (_book.OpenOperations >= _expected)
        {
            _waiting?.TrySetResult();
        }
    }

    /// <summary>Completes when those expected are there, or have had their time.</summary>
    public async Task WaitAsync()
    {
        // Whatever is queued for this grain goes first: it may be what fills the batch.
        await Task.Yield();
        if (_book.OpenOperations >= _expected || _most == TimeSpan.Zero)
        {
            return;
        }

        if (_skip > 0)
        {
            _skip--;
            return;
        }

        await ArrivalAsync();
        var inVain = _book.OpenOperations < _expected;
        _skip = inVain ? _skipNext : 0;
        _skipNext = inVain ? Math.Min(_skipNext * 2, SkipMost) : 1;
    }

    /// <summary>Nobody is waited for any more.</summary>
    public void Close()
    {
        _waiting?.TrySetResult();
        _timer.Dispose();
    }

    private async Task ArrivalAsync()
    {
        // The continuation is a turn of its own, behind the calls that are queued.
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = waiting;
        _timer.Change(_most, Timeout.InfiniteTimeSpan);
        await waiting.Task;
        _waiting = null;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
