using DepinGrains.LocalRuntime.Activations;
using DepinGrains.LocalRuntime.Calls;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Timers;

/// <summary>A timer of one activation. The clock only asks for a tick; the tick runs as a turn of the grain, and the period counts from its end.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly TimerTick _tick;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly ITimer _clock;
    private TimeSpan _period;
    private bool _ticking;
    private TimeSpan? _changedDue;
    private bool _stopped;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _period = options.Period;
        _tick = new TimerTick(this, options.Interleave ? GrainMethod.InterleavingTick : GrainMethod.Tick, options.KeepAlive);
        using (ExecutionContext.SuppressFlow())
        {
            _clock = activation.Engine.Time.CreateTimer(
                static self => ((GrainTimer)self!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc />
    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _period = period;
            if (_ticking)
            {
                _changedDue = dueTime;
            }
            else
            {
                _clock.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _activation.RemoveTimer(this);
        Stop();
    }

    internal static GrainTimer Start(IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var activation = Activation.Of(grain);
        Check(options.DueTime, nameof(options));
        Check(options.Period, nameof(options));
        var timer = new GrainTimer(activation, callback, options);
        activation.AddTimer(timer);
        timer._clock.Change(options.DueTime, Timeout.InfiniteTimeSpan);
        return timer;
    }

    internal void Stop()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
        }

        _clock.Dispose();
        _stopping.Cancel();
    }

    /// <summary>One tick, as a turn of the grain.</summary>
    internal async Task TickAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await _callback(_stopping.Token);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Its grain is going; what a stopped tick says does not matter.
        }
        catch (Exception exception)
        {
            _activation.Engine.Log.TimerFailed(_activation.GrainId, exception);
        }
        finally
        {
            Ended();
        }
    }

    private static void Check(TimeSpan time, string name)
    {
        if (time != Timeout.InfiniteTimeSpan && (time < TimeSpan.Zero || time > Longest))
        {
            throw new ArgumentOutOfRangeException(name, time, "must be infinite, or between zero and 49 days");
        }
    }

    private void Due()
    {
        lock (_gate)
        {
            if (_stopped || _ticking)
            {
                return;
            }

            _ticking = true;
        }

        if (!_activation.TryEnqueueTick(_tick))
        {
            Stop();
        }
    }

    private void Ended()
    {
        lock (_gate)
        {
            _ticking = false;
            var due = _changedDue ?? _period;
            _changedDue = null;
            if (!_stopped)
            {
                _clock.Change(due, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
