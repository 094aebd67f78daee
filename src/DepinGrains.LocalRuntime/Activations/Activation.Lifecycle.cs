using DepinGrains.LocalRuntime.Calls;
using DepinGrains.LocalRuntime.State;
using DepinGrains.LocalRuntime.Timers;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.LocalRuntime.Activations;

/// <content>Beginning and end.</content>
internal sealed partial class Activation
{
    /// <inheritdoc />
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_ending is not null || _state >= ActivationState.Deactivating)
            {
                return;
            }

            _ending = new Ending(deactivationReason);
        }

        StopTimers();
        Wake();
    }

    /// <summary>Ends at once, as a killed process does: nothing more runs, the grain is not told, callers outside learn that they do not know.</summary>
    internal void Kill()
    {
        List<GrainRequest> lost = [];
        lock (_gate)
        {
            lost.AddRange(_waiting.Requests().Concat(_running.Requests()).Where(static r => r.Source is null));
            _state = ActivationState.Invalid;
            _killed = true;
            _waiting = default;
            _running = default;
            _waitingOvertakers = _blocking = _blockingWriters = 0;
            _tasks?.Clear();
        }

        StopTimers();
        Engine.Directory.Remove(this);
        foreach (var request in lost)
        {
            request.Fail(new OrleansException($"The runtime was killed; whether {request.Method} of {GrainId} had an effect is unknown."));
        }

        _deactivated?.TrySetResult();
    }

    internal void AddTimer(GrainTimer timer)
    {
        lock (_gate)
        {
            (_timers ??= []).Add(timer);
        }
    }

    internal void RemoveTimer(GrainTimer timer)
    {
        lock (_gate)
        {
            _timers?.Remove(timer);
        }
    }

    private async Task ActivateAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(Engine.Options.ActivationTimeout, Engine.Time);
            _scope = Engine.Services.CreateAsyncScope();
            var facets = Class.CreateFacets(this);
            _instance = Class.Create(_scope.Value.ServiceProvider, facets);
            foreach (var facet in facets)
            {
                await ((IActivationFacet)facet).ActivateAsync(limit.Token);
            }

            if (_instance is IGrainBase grain)
            {
                await grain.OnActivateAsync(limit.Token);
            }

            lock (_gate)
            {
                if (_state == ActivationState.Activating)
                {
                    _state = ActivationState.Valid;
                }
            }

            Wake();
        }
        catch (Exception exception)
        {
            await FailActivationAsync(exception);
        }
    }

    private async Task FailActivationAsync(Exception exception)
    {
        Engine.Log.ActivationFailed(GrainId, exception);
        if (exception is InconsistentStateException inconsistent)
        {
            inconsistent.IsSourceActivation = false;
        }

        StopTimers();
        RequestList rest;
        lock (_gate)
        {
            rest = TakeWaiting();
            _state = ActivationState.Invalid;
            Engine.Directory.Remove(this);
        }

        for (var request = rest.First; request is not null;)
        {
            var next = request.Next;
            request.Stage = RequestStage.Done;
            request.Fail(exception);
            request = next;
        }

        await DisposeInstanceAsync();
        _deactivated?.TrySetResult();
    }

    private async Task DeactivateAsync()
    {
        StopTimers();
        try
        {
            if (_instance is IGrainBase grain)
            {
                using var limit = new CancellationTokenSource(Engine.Options.DeactivationTimeout, Engine.Time);
                await grain.OnDeactivateAsync(_ending!.Reason, limit.Token).WaitAsync(limit.Token);
            }
        }
        catch (Exception exception)
        {
            Engine.Log.DeactivationFailed(GrainId, exception);
        }

        await DisposeInstanceAsync();
        lock (_gate)
        {
            if (_state == ActivationState.Invalid)
            {
                return;
            }

            _state = ActivationState.Invalid;
            Engine.Directory.Succeed(this, TakeWaiting());
        }

        _deactivated?.TrySetResult();
    }

    /// <summary>Takes over the calls of a predecessor, in their order, before anyone else can reach this activation; <see cref="Wake"/> starts it.</summary>
    internal void Inherit(RequestList rest)
    {
        lock (_gate)
        {
            for (var request = rest.First; request is not null;)
            {
                var next = request.Next;
                if (!request.Method.IsTick)
                {
                    AddWaiting(request);
                }

                request = next;
            }
        }
    }

    internal void Wake()
    {
        lock (_gate)
        {
            if (!MarkScheduled())
            {
                return;
            }
        }

        Engine.Schedule(this);
    }

    internal RequestList TakeWaiting()
    {
        lock (_gate)
        {
            var rest = _waiting;
            _waiting = default;
            _waitingOvertakers = 0;
            return rest;
        }
    }

    private async Task DisposeInstanceAsync()
    {
        try
        {
            switch (_instance)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }

            if (_scope is { } scope)
            {
                await scope.DisposeAsync();
            }
        }
        catch (Exception exception)
        {
            Engine.Log.DeactivationFailed(GrainId, exception);
        }
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (_gate)
        {
            timers = _timers?.ToArray() ?? [];
            _timers = null;
        }

        foreach (var timer in timers)
        {
            timer.Stop();
        }
    }
}
