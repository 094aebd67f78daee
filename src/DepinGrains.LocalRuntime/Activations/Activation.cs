using DepinGrains.LocalRuntime.Calls;
using DepinGrains.LocalRuntime.Timers;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>
/// One activation of one grain. It is the scheduler of its own tasks, so that a grain's code comes back here after each await, and it runs one turn at a
/// time. This part holds the state and takes what arrives; <c>Activation.Turns.cs</c> runs it; <c>Activation.Lifecycle.cs</c> begins and ends it.
/// </summary>
internal sealed partial class Activation : TaskScheduler, IGrainContext, IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private RequestList _waiting;
    private RequestList _running;
    private Queue<Task>? _tasks;
    private Task? _turns;
    private object? _instance;
    private AsyncServiceScope? _scope;
    private Ending? _ending;
    private TaskCompletionSource? _deactivated;
    private HashSet<GrainTimer>? _timers;
    private long _lastUsed;
    private long _keepUntil = long.MinValue;
    private int _waitingOvertakers;
    private int _blocking;
    private int _blockingWriters;
    private ActivationState _state;
    private bool _scheduled;
    private bool _taskTurn;
    private bool _watched;
    private bool _used;
    private bool _killed;

    internal Activation(GrainEngine engine, GrainClass grainClass, GrainId grainId)
    {
        Engine = engine;
        Class = grainClass;
        GrainId = grainId;
        _lastUsed = engine.Time.GetTimestamp();
    }

    /// <summary>The activation whose turn this thread runs; null outside grains.</summary>
    internal static new Activation? Current => TaskScheduler.Current as Activation;

    /// <inheritdoc />
    public GrainId GrainId { get; }

    /// <inheritdoc />
    public object? GrainInstance => _instance;

    /// <inheritdoc />
    public GrainReference GrainReference => Engine.Factory.Reference(typeof(IGrain), Class, GrainId);

    /// <inheritdoc />
    public IServiceProvider ActivationServices => _scope?.ServiceProvider ?? Engine.Services;

    /// <inheritdoc />
    public Task Deactivated
    {
        get
        {
            lock (_gate)
            {
                if (_state == ActivationState.Invalid)
                {
                    return Task.CompletedTask;
                }

                // Asynchronous continuations go to the pool, which a simulation must not.
                return (_deactivated ??= new TaskCompletionSource(
                    Engine.Simulation is null ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None)).Task;
            }
        }
    }

    internal GrainEngine Engine { get; }

    internal GrainClass Class { get; }

    /// <summary>Calls waiting and running: what a worker pool balances by.</summary>
    internal int Load => _waiting.Count + _running.Count;

    /// <inheritdoc />
    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    /// <inheritdoc />
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    /// <inheritdoc />
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <inheritdoc />
    public override string ToString() => $"{GrainId} ({_state})";

    /// <summary>The activation of a grain object.</summary>
    internal static Activation Of(IGrainBase grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain.GrainContext as Activation
            ?? throw new InvalidOperationException($"{grain.GetType()} was not made by the runtime, so it has no activation");
    }

    /// <summary>Takes a call; false when this activation is over and the call belongs to a successor.</summary>
    internal bool TryEnqueue(GrainRequest request)
    {
        Engine.Simulation?.Check(this);
        bool run;
        lock (_gate)
        {
            if (_state == ActivationState.Invalid)
            {
                return false;
            }

            AddWaiting(request);
            run = MarkScheduled();
        }

        if (run)
        {
            Engine.Schedule(this);
        }

        return true;
    }

    /// <summary>Takes a timer's tick; false when the activation is ending and no tick matters any more.</summary>
    internal bool TryEnqueueTick(GrainRequest tick)
    {
        lock (_gate)
        {
            if (_state >= ActivationState.Deactivating || _ending is not null)
            {
                return false;
            }
        }

        return TryEnqueue(tick);
    }

    /// <summary>A caller cancelled: answer it, drop the call if it has not begun, else cancel its token on a turn of the grain.</summary>
    internal static void Cancel(GrainRequest request, OperationCanceledException exception)
    {
        var owner = request.Target!;
        bool running;
        while (true)
        {
            lock (owner._gate)
            {
                // A deactivation may have handed it to a successor in the meantime; it changes hands only under its owner's lock.
                if (ReferenceEquals(owner, request.Target))
                {
                    running = request.Stage == RequestStage.Running;
                    if (request.Stage == RequestStage.Waiting)
                    {
                        owner.RemoveWaiting(request);
                        request.Stage = RequestStage.Done;
                    }

                    break;
                }
            }

            owner = request.Target!;
        }

        request.Fail(exception);
        if (running && request.Cancellation is { } cancellation)
        {
            _ = Task.Factory.StartNew(cancellation.CancelGrainToken, CancellationToken.None, TaskCreationOptions.DenyChildAttach, owner);
        }
    }

    /// <summary>What has waited too long is answered with a time-out. False: nothing is under way and the watchdog can forget this activation.</summary>
    internal bool Watch(long now, List<GrainRequest> expired)
    {
        lock (_gate)
        {
            for (var request = _waiting.First; request is not null;)
            {
                var next = request.Next;
                if (IsExpired(request, now))
                {
                    RemoveWaiting(request);
                    request.Stage = RequestStage.Done;
                    expired.Add(request);
                }

                request = next;
            }

            for (var request = _running.First; request is not null; request = request.Next)
            {
                if (IsExpired(request, now))
                {
                    request.SeenAt = long.MaxValue;
                    expired.Add(request);
                }
            }

            return _watched = _state != ActivationState.Invalid && _waiting.Count + _running.Count > 0;
        }
    }

    /// <summary>Ends the activation when nobody has used it for its age limit.</summary>
    internal void CollectIfIdle(long now)
    {
        lock (_gate)
        {
            if (_used || _running.Count + _waiting.Count > 0 || _state != ActivationState.Valid)
            {
                _used = false;
                _lastUsed = now;
                return;
            }

            if (Class.KeepAlive || now < _keepUntil || Engine.Time.GetElapsedTime(_lastUsed, now) < Class.AgeLimit(Engine.Options))
            {
                return;
            }
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "Not used for its age limit."));
    }

    internal void DelayDeactivation(TimeSpan time)
    {
        var now = Engine.Time.GetTimestamp();
        var ticks = time <= TimeSpan.Zero ? 0 : time.TotalSeconds * Engine.Time.TimestampFrequency;
        lock (_gate)
        {
            _keepUntil = ticks >= long.MaxValue - now ? long.MaxValue : now + (long)ticks;
        }
    }

    private bool IsExpired(GrainRequest request, long now)
    {
        if (request.Method.IsTick || request.SeenAt == long.MaxValue)
        {
            return false;
        }

        if (request.SeenAt == 0)
        {
            request.SeenAt = Math.Max(1, now);
            return false;
        }

        return Engine.Time.GetElapsedTime(request.SeenAt, now) >= (request.Method.Timeout ?? Engine.Options.ResponseTimeout);
    }

    private void AddWaiting(GrainRequest request)
    {
        request.Target = this;
        request.Stage = RequestStage.Waiting;
        _waiting.Add(request);
        if (request.Method.MayOvertake)
        {
            _waitingOvertakers++;
        }

        if (!_watched && !request.Method.IsTick)
        {
            _watched = true;
            Engine.Watchdog.Add(this);
        }

        _used |= request is not TimerTick { KeepAlive: false };
    }

    private void RemoveWaiting(GrainRequest request)
    {
        _waiting.Remove(request);
        if (request.Method.MayOvertake)
        {
            _waitingOvertakers--;
        }
    }

    /// <summary>True when the caller must hand this activation to the pool: work has come and nobody runs it yet.</summary>
    private bool MarkScheduled()
    {
        if (_scheduled || !HasWork())
        {
            return false;
        }

        return _scheduled = true;
    }

    private sealed record Ending(DeactivationReason Reason);
}
