using System.ComponentModel;
using System.Runtime.ExceptionServices;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>A call that answers nothing but that it is done.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class PlainRequest(GrainMethod method) : GrainRequest(method)
{
    private readonly TaskCompletionSource _reply = new();

    internal override Task ReplyTask => _reply.Task;

    internal override void Reply(Task finished) => _reply.TrySetFromTask(finished);

    internal override void ReplyException(Exception exception)
    {
        Reply(ThrowAsync(exception));

        // An async method makes of a cancellation a cancelled task that still holds the exception.
        static async Task ThrowAsync(Exception exception)
        {
            await Task.CompletedTask;
            ExceptionDispatchInfo.Throw(exception);
        }
    }

    internal override object? ResultOf(Task finished)
    {
        finished.GetAwaiter().GetResult();
        return null;
    }

    internal override async Task CallThrough(CallContext call) => await call.Invoke();
}

/// <summary>A call that answers a value.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class ValueRequest<T>(GrainMethod method) : GrainRequest(method)
{
    private readonly TaskCompletionSource<T> _reply = new();

    internal Task<T> Answer => _reply.Task;

    internal override Task ReplyTask => _reply.Task;

    internal override void Reply(Task finished) => _reply.TrySetFromTask((Task<T>)finished);

    internal override void ReplyException(Exception exception)
    {
        Reply(ThrowAsync(exception));

        static async Task<T> ThrowAsync(Exception exception)
        {
            await Task.CompletedTask;
            ExceptionDispatchInfo.Throw(exception);
            return default!;
        }
    }

    internal override object? ResultOf(Task finished) => ((Task<T>)finished).GetAwaiter().GetResult();

    internal override Task CallThrough(CallContext call)
    {
        return AnswerAsync(call);

        static async Task<T> AnswerAsync(CallContext call)
        {
            await call.Invoke();
            return (T)call.Result!;
        }
    }
}

/// <summary>For methods returning <see cref="Task"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class TaskRequest(GrainMethod method) : PlainRequest(method)
{
    /// <summary>Calls the method.</summary>
    public abstract Task Call(object grain);

    internal override Task CallTarget(object grain) => Call(grain);
}

/// <summary>For methods returning <see cref="Task{T}"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class TaskRequest<T>(GrainMethod method) : ValueRequest<T>(method)
{
    /// <summary>Calls the method.</summary>
    public abstract Task<T> Call(object grain);

    internal override Task CallTarget(object grain) => Call(grain);
}

/// <summary>For methods returning <see cref="ValueTask"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class ValueTaskRequest(GrainMethod method) : PlainRequest(method)
{
    /// <summary>Calls the method.</summary>
    public abstract ValueTask Call(object grain);

    internal override Task CallTarget(object grain) => Call(grain).AsTask();
}

/// <summary>For methods returning <see cref="ValueTask{T}"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class ValueTaskRequest<T>(GrainMethod method) : ValueRequest<T>(method)
{
    /// <summary>Calls the method.</summary>
    public abstract ValueTask<T> Call(object grain);

    internal override Task CallTarget(object grain) => Call(grain).AsTask();
}
