using DepinGrains.LocalRuntime.Calls;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.LocalRuntime.Activations;

/// <content>One turn at a time.</content>
internal sealed partial class Activation
{
    private static readonly Action<object?> RunTurnsAction = static self => ((Activation)self!).RunTurns();
    private static readonly Action<Task, object?> FinishAction = static (task, request) => ((GrainRequest)request!).Target!.Finish((GrainRequest)request, task);

    /// <inheritdoc />
    public override int MaximumConcurrencyLevel => 1;

    void IThreadPoolWorkItem.Execute()
    {
        // Only a task of this scheduler makes it TaskScheduler.Current; one task carries a whole run of turns.
        var turns = new Task(RunTurnsAction, this, CancellationToken.None, TaskCreationOptions.None);
        _turns = turns;
        turns.Start(this);
        TryExecuteTask(turns);
        if (turns.IsFaulted)
        {
            Engine.Log.TurnsFailed(GrainId, turns.Exception!);
        }
    }

    /// <inheritdoc />
    protected override void QueueTask(Task task)
    {
        if (ReferenceEquals(task, _turns))
        {
            return;
        }

        Engine.Simulation?.Check(this);
        bool run;
        lock (_gate)
        {
            if (_killed)
            {
                return;
            }

            (_tasks ??= new Queue<Task>(4)).Enqueue(task);
            run = MarkScheduled();
        }

        if (run)
        {
            Engine.Schedule(this);
        }
    }

    /// <inheritdoc />
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(TaskScheduler.Current, this) && TryExecuteTask(task);

    /// <inheritdoc />
    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_gate)
        {
            return _tasks?.ToArray() ?? [];
        }
    }

    private bool HasWork() => _tasks is { Count: > 0 } || _state == ActivationState.Created || IsReadyToEnd() || Startable() is not null;

    private bool IsReadyToEnd() => _state == ActivationState.Valid && _ending is not null && _running.Count == 0;

    private void RunTurns()
    {
        var clean = ExecutionContext.Capture();
        for (var left = Engine.TurnsPerRun; left > 0; left--)
        {
            Task? task = null;
            GrainRequest? request = null;
            lock (_gate)
            {
                request = Startable();
                if (_tasks is { Count: > 0 } && (request is null || TasksFirst()))
                {
                    task = _tasks.Dequeue();
                }
                else if (request is not null)
                {
                    BeginLocked(request);
                }
                else if (_state == ActivationState.Created)
                {
                    _state = ActivationState.Activating;
                }
                else if (IsReadyToEnd())
                {
                    _state = ActivationState.Deactivating;
                }
                else
                {
                    _scheduled = false;
                    return;
                }
            }

            if (task is not null)
            {
                TryExecuteTask(task);
            }
            else if (request is not null)
            {
                Start(request);
            }
            else
            {
                _ = _state == ActivationState.Activating ? ActivateAsync() : DeactivateAsync();
            }

            if (clean is not null && !ReferenceEquals(ExecutionContext.Capture(), clean))
            {
                ExecutionContext.Restore(clean);
            }
        }

        Engine.Schedule(this);
    }

    // Continuations and new calls take turns, so that neither starves; a simulation chooses by its seed.
    private bool TasksFirst() => Engine.Simulation is { } simulation ? simulation.Choose(2) == 0 : _taskTurn = !_taskTurn;

    /// <summary>The first call that may start now. Calls keep their order, but those allowed to interleave pass the others.</summary>
    private GrainRequest? Startable()
    {
        if (_state != ActivationState.Valid || _ending is not null || _waiting.First is not { } first)
        {
            return null;
        }

        if (MayStart(first))
        {
            return first;
        }

        if (_waitingOvertakers > 0)
        {
            for (var request = first.Next; request is not null; request = request.Next)
            {
                if (request.Method.MayOvertake && MayStart(request))
                {
                    return request;
                }
            }
        }

        return null;
    }

    private bool MayStart(GrainRequest request) =>
        _blocking == 0 || Class.Reentrant || request.Method.AlwaysInterleave || (request.Method.ReadOnly && _blockingWriters == 0);

    private void BeginLocked(GrainRequest request)
    {
        RemoveWaiting(request);
        request.Stage = RequestStage.Running;
        Class.Called();
        _running.Add(request);
        if (!request.Method.AlwaysInterleave)
        {
            _blocking++;
            if (!request.Method.ReadOnly)
            {
                _blockingWriters++;
            }
        }
    }

    private void Start(GrainRequest request)
    {
        Task call;
        try
        {
            if (!ReferenceEquals(RequestContext.Current, request.Context))
            {
                RequestContext.Current = request.Context;
            }

            call = Engine.IncomingFilters.Length > 0 || Class.FiltersOwnCalls
                ? request.CallThrough(new IncomingCall(this, request))
                : request.CallTarget(_instance!);
            if (call is null)
            {
                throw new InvalidOperationException($"{request.Method} of {GrainId} returned null instead of a task");
            }
        }
        catch (Exception exception)
        {
            End(request, exception);
            request.Fail(exception);
            return;
        }

        if (call.IsCompleted)
        {
            Finish(request, call);
        }
        else
        {
            // On this scheduler: inline when the call ends in a turn of the grain, queued when something else completed its task.
            call.ContinueWith(FinishAction, request, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, this);
        }
    }

    private void Finish(GrainRequest request, Task call)
    {
        End(request, call.IsFaulted ? call.Exception.InnerException : null);
        request.Complete(call);
    }

    private void End(GrainRequest request, Exception? exception)
    {
        bool run;
        lock (_gate)
        {
            _running.Remove(request);
            request.Stage = RequestStage.Done;
            if (!request.Method.AlwaysInterleave)
            {
                _blocking--;
                if (!request.Method.ReadOnly)
                {
                    _blockingWriters--;
                }
            }

            run = MarkScheduled();
        }

        if (exception is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, "The stored state is not the one this activation read."));
        }

        if (run)
        {
            Engine.Schedule(this);
        }
    }
}
