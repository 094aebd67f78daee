using DepinGrains.LocalRuntime.Activations;

namespace DepinGrains.LocalRuntime.Simulation;

/// <summary>
/// Runs a whole runtime on one thread, in an order and at times drawn from a seed. Register it as a service before <c>AddLocalGrains</c>, start callers
/// with <see cref="Start"/> or <see cref="Run{T}"/>, and pump. The same seed and the same work give the same <see cref="TraceHash"/> in any process.
/// Work that arrives from another thread breaks that, so it fails the next pump.
/// </summary>
public sealed class SimulationScheduler
{
    private readonly List<IThreadPoolWorkItem> _ready = [];
    private readonly SimulatedClock _clock;
    private readonly OutsideScheduler _outside;
    private readonly Lock _gate = new();
    private int _owner = Environment.CurrentManagedThreadId;
    private ulong _random;
    private Exception? _intruder;

    /// <summary>A simulation that starts at <paramref name="start"/>; by default 2030-01-01 UTC.</summary>
    public SimulationScheduler(ulong seed, DateTimeOffset? start = null)
    {
        _random = seed;
        _clock = new SimulatedClock(this, start ?? new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        _outside = new OutsideScheduler(this);
    }

    /// <summary>The simulated clock; it moves only in <see cref="AdvanceTime"/> and <see cref="Run{T}"/>.</summary>
    public TimeProvider Time => _clock;

    /// <summary>Where callers outside grains run, step by step like grains.</summary>
    public TaskScheduler Outside => _outside;

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>FNV-1a over what ran, in which order and when.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>True when nothing can run before the clock moves.</summary>
    public bool IsIdle => _ready.Count == 0;

    /// <summary>Moves the wall clock, not the timers: what a clock correction does.</summary>
    public void JumpWallClock(TimeSpan by) => _clock.Skew += by;

    /// <summary>A number from 0 to <paramref name="count"/> − 1, drawn from the seed (SplitMix64): also for simulated stores and faults.</summary>
    public int Choose(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)count);
    }

    /// <summary>Starts a caller; it runs when the simulation is pumped.</summary>
    public Task Start(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _outside).Unwrap();

    /// <inheritdoc cref="Start(Func{Task})" />
    public Task<T> Start<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _outside).Unwrap();

    /// <summary>Pumps until nothing is left to do at this instant; the clock stands still.</summary>
    public void RunUntilIdle(long maxSteps = 10_000_000)
    {
        for (var steps = 0L; Step(); steps++)
        {
            if (steps >= maxSteps)
            {
                throw new InvalidOperationException($"The simulation is not idle after {maxSteps} steps: something never stops");
            }
        }
    }

    /// <summary>Pumps, then moves the clock on, stopping and pumping at every timer on the way.</summary>
    public void AdvanceTime(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = _clock.Ticks + by.Ticks;
        RunUntilIdle();
        while (_clock.NextDue is { } due && due <= end)
        {
            _clock.MoveTo(due);
            RunUntilIdle();
        }

        _clock.MoveTo(end);
    }

    /// <summary>
    /// Runs a caller to its end, moving the clock whenever nothing else is left to do. Not done after <paramref name="limit"/> of simulated time
    /// (default ten minutes), or nothing left that could ever finish it: an exception.
    /// </summary>
    public T Run<T>(Func<Task<T>> work, TimeSpan? limit = null)
    {
        var task = Start(work);
        Finish(task, limit);
        return task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Run{T}(Func{Task{T}}, TimeSpan?)" />
    public void Run(Func<Task> work, TimeSpan? limit = null)
    {
        var task = Start(work);
        Finish(task, limit);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Notes that work arrives; from another thread it is an intruder.</summary>
    internal void Check(object where)
    {
        if (Environment.CurrentManagedThreadId != _owner)
        {
            lock (_gate)
            {
                _intruder ??= new InvalidOperationException(
                    $"Work for {where} came from outside the simulation, at:{Environment.NewLine}{Environment.StackTrace}");
            }
        }
    }

    internal void Schedule(IThreadPoolWorkItem item)
    {
        Check(item);
        lock (_gate)
        {
            _ready.Add(item);
        }
    }

    private void Finish(Task task, TimeSpan? limit)
    {
        var end = _clock.Ticks + (limit ?? TimeSpan.FromMinutes(10)).Ticks;
        while (!task.IsCompleted)
        {
            if (Step())
            {
                continue;
            }

            if (_clock.NextDue is not { } due)
            {
                throw new InvalidOperationException("Nothing is left to run and the work is not done: it waits for something outside the simulation");
            }

            if (due > end)
            {
                throw new TimeoutException($"Not done after {limit ?? TimeSpan.FromMinutes(10)} of simulated time");
            }

            _clock.MoveTo(due);
        }
    }

    private bool Step()
    {
        _owner = Environment.CurrentManagedThreadId;
        IThreadPoolWorkItem item;
        lock (_gate)
        {
            if (_intruder is { } intruder)
            {
                throw intruder;
            }

            if (_ready.Count == 0)
            {
                return false;
            }

            var index = Choose(_ready.Count);
            item = _ready[index];
            _ready[index] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
        }

        Trace(item);
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            item.Execute();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        return true;
    }

    private void Trace(IThreadPoolWorkItem item)
    {
        Steps++;
        var hash = TraceHash;
        foreach (var character in item is Activation activation ? activation.GrainId.ToString() : item.GetType().Name)
        {
            hash = (hash ^ character) * 1099511628211;
        }

        TraceHash = (hash ^ (ulong)_clock.Ticks) * 1099511628211;
    }

    /// <summary>Callers' scheduler: every task is a step of its own.</summary>
    private sealed class OutsideScheduler(SimulationScheduler simulation) : TaskScheduler
    {
        public override int MaximumConcurrencyLevel => 1;

        protected override void QueueTask(Task task) => simulation.Schedule(new CallerStep(this, task));

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
            !taskWasPreviouslyQueued && ReferenceEquals(Current, this) && TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];

        private sealed class CallerStep(OutsideScheduler scheduler, Task task) : IThreadPoolWorkItem
        {
            public void Execute() => scheduler.TryExecuteTask(task);
        }
    }
}
