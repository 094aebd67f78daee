using DepinGrains.LocalRuntime.Calls;

namespace DepinGrains.LocalRuntime.Timers;

/// <summary>A tick in its grain's queue of calls. Ticks of one timer never overlap, so one object serves them all.</summary>
internal sealed class TimerTick(GrainTimer timer, GrainMethod method, bool keepAlive) : GrainRequest(method)
{
    internal bool KeepAlive { get; } = keepAlive;

    internal override Task ReplyTask => Task.CompletedTask;

    internal override Task CallTarget(object grain) => timer.TickAsync();

    // A tick is not a call: filters do not see it.
    internal override Task CallThrough(CallContext call) => timer.TickAsync();

    internal override void Reply(Task finished)
    {
    }

    internal override void ReplyException(Exception exception)
    {
    }

    internal override object? ResultOf(Task finished) => null;
}
