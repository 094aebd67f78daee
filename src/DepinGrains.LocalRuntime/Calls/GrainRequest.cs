using System.Collections.Immutable;
using System.ComponentModel;
using System.Reflection;
using DepinGrains.LocalRuntime.Activations;
using Orleans.Serialization.Invocation;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>One call on its way. Generated classes derive from its four typed children, one class per interface method.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class GrainRequest : IInvokable, IThreadPoolWorkItem
{
    private Task? _finished;

    /// <summary>A call of <paramref name="method"/>.</summary>
    protected GrainRequest(GrainMethod method) => Method = method;

    internal GrainMethod Method { get; }

    // Neighbours in the one list of its activation that holds it: waiting or running.
    internal GrainRequest? Next { get; set; }

    internal GrainRequest? Previous { get; set; }

    internal RequestStage Stage { get; set; }

    internal Activation? Target { get; set; }

    /// <summary>The calling activation; null for a caller outside.</summary>
    internal Activation? Source { get; set; }

    internal ImmutableDictionary<string, object>? Context { get; set; }

    /// <summary>When the watchdog first saw it; 0 before that.</summary>
    internal long SeenAt { get; set; }

    internal RequestCancellation? Cancellation { get; set; }

    /// <inheritdoc />
    public int GetArgumentCount() => Method.ArgumentCount;

    /// <inheritdoc />
    public virtual object? GetArgument(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <inheritdoc />
    public string GetMethodName() => Method.Method.Name;

    /// <inheritdoc />
    public string GetInterfaceName() => Method.InterfaceName;

    /// <inheritdoc />
    public MethodInfo GetMethod() => Method.Method;

    /// <inheritdoc />
    public Type GetInterfaceType() => Method.Interface;

    /// <summary>The cancellation argument; overridden where the method has one.</summary>
    public virtual CancellationToken Token
    {
        get => CancellationToken.None;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc />
    public void Dispose() => GC.SuppressFinalize(this);

    void IThreadPoolWorkItem.Execute() => Reply(_finished!);

    /// <summary>Calls the grain's method. The task is of the type <see cref="Reply"/> takes.</summary>
    internal abstract Task CallTarget(object grain);

    /// <summary>A call that ends with what <paramref name="call"/> found.</summary>
    internal abstract Task CallThrough(CallContext call);

    /// <summary>Answers the caller with a finished task.</summary>
    internal abstract void Reply(Task finished);

    /// <summary>Answers the caller with an exception.</summary>
    internal abstract void ReplyException(Exception exception);

    /// <summary>The answer as an object, for filters; rethrows what the task holds.</summary>
    internal abstract object? ResultOf(Task finished);

    /// <summary>The task the caller awaits.</summary>
    internal abstract Task ReplyTask { get; }

    /// <summary>
    /// Answers the caller. A grain's continuation goes to its own scheduler, so it is answered here; a caller outside is answered from the pool's
    /// first-in-first-out queue: never inside a grain's turn, and no caller can starve another.
    /// </summary>
    internal void Complete(Task finished)
    {
        Cancellation?.Dispose();
        if (Source is null && Target is { Engine.Simulation: null })
        {
            _finished = finished;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        else
        {
            Reply(finished);
        }
    }

    /// <summary>Answers the caller with an exception, under the same rule as <see cref="Complete"/>.</summary>
    internal void Fail(Exception exception)
    {
        Cancellation?.Dispose();
        if (Source is null && Target is not { Engine.Simulation: not null })
        {
            ThreadPool.UnsafeQueueUserWorkItem(static s => s.Request.ReplyException(s.Exception), (Request: this, Exception: exception), preferLocal: false);
        }
        else
        {
            ReplyException(exception);
        }
    }
}
