using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// What the callers of one journal batch wait for. It is completed on the grain's scheduler, where every one of them was suspended, and runs them right there, in the order in which
/// they came: awaiting a task would cost each of them another task, of the scheduler's. Not thread-safe; awaited and completed on the grain's turns only.
/// </summary>
internal sealed class DurableBatch : INotifyCompletion
{
    /// <summary>A batch that is durable already.</summary>
    public static readonly DurableBatch Done = new() { IsCompleted = true };

    private readonly List<Action> _waiting = [];
    private ExceptionDispatchInfo? _failure;

    /// <summary>True when nobody needs to wait any more.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>A batch of which nobody knows whether it is durable.</summary>
    public static DurableBatch Lost(Exception cause) => new() { IsCompleted = true, _failure = ExceptionDispatchInfo.Capture(cause) };

    /// <summary>For the compiler's await.</summary>
    public DurableBatch GetAwaiter() => this;

    /// <summary>Nothing, or what is to be thrown.</summary>
    public void GetResult() => _failure?.Throw();

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => _waiting.Add(continuation);

    /// <summary>The batch is durable, or with <paramref name="failure"/> nobody knows; only the first word counts.</summary>
    public void Complete(Exception? failure = null)
    {
        if (IsCompleted)
        {
            return;
        }

        _failure = failure is null ? null : ExceptionDispatchInfo.Capture(failure);
        IsCompleted = true;
        foreach (var waiter in _waiting)
        {
            waiter();
        }

        _waiting.Clear();
    }
}
