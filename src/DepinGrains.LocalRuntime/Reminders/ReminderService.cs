using DepinGrains.LocalRuntime.Activations;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Reminders;

/// <summary>Wakes grains by stored reminders. Ticks missed while the process was down are not made up: the next one is the next multiple of the period.</summary>
internal sealed class ReminderService(GrainEngine engine, IReminderStore store) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(GrainId Grain, string Name), Reminder> _reminders = [];
    private bool _stopped;

    public void Dispose() => Stop();

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var entry in await store.LoadAsync(cancellationToken))
        {
            Follow(entry, replace: false);
        }
    }

    internal void Stop()
    {
        Reminder[] all;
        lock (_gate)
        {
            _stopped = true;
            all = [.. _reminders.Values];
            _reminders.Clear();
        }

        foreach (var reminder in all)
        {
            reminder.Dispose();
        }
    }

    internal async Task<IGrainReminder> RegisterAsync(IGrainBase grain, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        if (period < engine.Options.MinimumReminderPeriod)
        {
            throw new ArgumentException(
                $"Cannot register reminder {name} with period {period}: the minimum is {engine.Options.MinimumReminderPeriod}", nameof(period));
        }

        var entry = new ReminderEntry(grain.GrainContext.GrainId, name, engine.Time.GetUtcNow().UtcDateTime + dueTime, period);
        await store.PutAsync(entry);
        return Follow(entry, replace: true);
    }

    internal async Task UnregisterAsync(IGrainBase grain, IGrainReminder reminder)
    {
        var key = (grain.GrainContext.GrainId, reminder.ReminderName);
        await store.RemoveAsync(key.GrainId, key.ReminderName);
        Reminder? known;
        lock (_gate)
        {
            _reminders.Remove(key, out known);
        }

        known?.Dispose();
    }

    internal Task<IGrainReminder?> GetAsync(IGrainBase grain, string name)
    {
        lock (_gate)
        {
            return Task.FromResult<IGrainReminder?>(_reminders.GetValueOrDefault((grain.GrainContext.GrainId, name)));
        }
    }

    private Reminder Follow(ReminderEntry entry, bool replace)
    {
        var reminder = new Reminder(engine, entry);
        Reminder? old;
        lock (_gate)
        {
            // A registration that overtook the load at start is the newer one.
            if (_reminders.TryGetValue((entry.Grain, entry.Name), out old) && !replace)
            {
                return old;
            }

            _reminders[(entry.Grain, entry.Name)] = reminder;
            if (_stopped)
            {
                return reminder;
            }
        }

        old?.Dispose();
        reminder.Start();
        return reminder;
    }
}

/// <summary>One reminder and its clock.</summary>
internal sealed class Reminder : IGrainReminder, IDisposable
{
    // A clock's timers reach 49 days; longer waits go in steps.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private readonly GrainEngine _engine;
    private readonly ReminderEntry _entry;
    private readonly ITimer _clock;
    private DateTime _next;
    private volatile bool _disposed;

    internal Reminder(GrainEngine engine, ReminderEntry entry)
    {
        _engine = engine;
        _entry = entry;
        using (ExecutionContext.SuppressFlow())
        {
            _clock = engine.Time.CreateTimer(static self => ((Reminder)self!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public string ReminderName => _entry.Name;

    public void Dispose()
    {
        _disposed = true;
        _clock.Dispose();
    }

    internal void Start() => WaitForNext(first: true);

    private void WaitForNext(bool first)
    {
        var now = _engine.Time.GetUtcNow().UtcDateTime;
        // A tick at exactly its time must not be followed by itself.
        if (now < _entry.StartAt || (first && now == _entry.StartAt))
        {
            _next = _entry.StartAt;
        }
        else
        {
            var since = (now - _entry.StartAt).Ticks;
            _next = _entry.StartAt + new TimeSpan((since / _entry.Period.Ticks + 1) * _entry.Period.Ticks);
        }

        Arm(now);
    }

    private void Arm(DateTime now)
    {
        if (!_disposed)
        {
            var wait = _next - now;
            _clock.Change(wait > LongestWait ? LongestWait : wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void Due()
    {
        var now = _engine.Time.GetUtcNow().UtcDateTime;
        if (now < _next)
        {
            Arm(now);
            return;
        }

        if (_engine.Catalog.Find(_entry.Grain.Type) is null)
        {
            _engine.Log.ReminderWithoutGrain(_entry.Name, _entry.Grain);
            return;
        }

        _ = _engine.Simulation is { } simulation ? simulation.Start(() => TickAsync(now)) : TickAsync(now);
    }

    private async Task TickAsync(DateTime now)
    {
        try
        {
            var grain = _engine.Factory.Reference<IRemindable>(_entry.Grain);
            await grain.ReceiveReminder(_entry.Name, new TickStatus(_entry.StartAt, _entry.Period, now));
        }
        catch (Exception exception)
        {
            _engine.Log.ReminderFailed(_entry.Name, _entry.Grain, exception);
        }

        WaitForNext(first: false);
    }
}
