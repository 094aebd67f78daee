using DepinGrains.LocalRuntime.Calls;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>
/// Answers calls that take too long. Only activations with calls under way are looked at, and a call carries no timer and no clock reading of its own:
/// it is stamped when first seen, so it waits at most one look longer than its time-out.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly GrainEngine _engine;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private readonly TimeSpan _interval;
    private List<Activation> _watched = [];
    private List<Activation> _looking = [];
    private bool _armed;

    internal Watchdog(GrainEngine engine)
    {
        _engine = engine;
        var interval = engine.Options.ResponseTimeout / 30;
        _interval = interval < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10)
            : interval > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : interval;
        using (ExecutionContext.SuppressFlow())
        {
            _timer = engine.Time.CreateTimer(static self => ((Watchdog)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    internal void Add(Activation activation)
    {
        lock (_gate)
        {
            _watched.Add(activation);
            if (!_armed)
            {
                _armed = true;
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            (_looking, _watched) = (_watched, _looking);
        }

        var now = _engine.Time.GetTimestamp();
        List<GrainRequest> expired = [];
        foreach (var activation in _looking)
        {
            if (activation.Watch(now, expired))
            {
                lock (_gate)
                {
                    _watched.Add(activation);
                }
            }
        }

        _looking.Clear();
        foreach (var request in expired)
        {
            var wait = request.Method.Timeout ?? _engine.Options.ResponseTimeout;
            _engine.Log.ResponseTimedOut(request.Method, request.Target!.GrainId, wait);
            request.Fail(new TimeoutException($"Response did not arrive on time in {wait} for message: {request.Method} of {request.Target.GrainId}."));
        }

        lock (_gate)
        {
            _armed = _watched.Count > 0;
            if (_armed)
            {
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
