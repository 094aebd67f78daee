namespace DepinGrains.LocalRuntime.Simulation;

/// <summary>A clock whose timers are steps of the simulation.</summary>
internal sealed class SimulatedClock(SimulationScheduler simulation, DateTimeOffset start) : TimeProvider
{
    private readonly SortedSet<SimulatedTimer> _timers = new(Comparer<SimulatedTimer>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due) : a.Order.CompareTo(b.Order)));

    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>100 ns since the start; never goes back.</summary>
    internal long Ticks { get; private set; }

    internal TimeSpan Skew { get; set; }

    internal long? NextDue => _timers.Min?.Due;

    public override DateTimeOffset GetUtcNow() => start + new TimeSpan(Ticks) + Skew;

    public override long GetTimestamp() => Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    internal void MoveTo(long ticks)
    {
        Ticks = Math.Max(Ticks, ticks);
        while (_timers.Min is { } first && first.Due <= Ticks)
        {
            _timers.Remove(first);
            simulation.Schedule(first);
        }
    }

    private sealed class SimulatedTimer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer, IThreadPoolWorkItem
    {
        private TimeSpan _period;
        private long _generation;
        private long _scheduled;
        private bool _disposed;

        internal long Due { get; private set; }

        internal long Order { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Simulation.Check(this);
            if (_disposed)
            {
                return false;
            }

            clock._timers.Remove(this);
            _period = period;
            _generation++;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Arm(dueTime);
            }

            return true;
        }

        public void Execute()
        {
            // Changed or disposed after it had come due: that firing is void.
            if (_disposed || _scheduled != _generation)
            {
                return;
            }

            if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
            {
                Arm(_period);
            }

            callback(state);
        }

        public void Dispose()
        {
            clock._timers.Remove(this);
            _disposed = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan wait)
        {
            Due = clock.Ticks + wait.Ticks;
            Order = clock._order++;
            _scheduled = _generation;
            if (wait <= TimeSpan.Zero)
            {
                clock.Simulation.Schedule(this);
            }
            else
            {
                clock._timers.Add(this);
            }
        }
    }

    private SimulationScheduler Simulation => simulation;
}
