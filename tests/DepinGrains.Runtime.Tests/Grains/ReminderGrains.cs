using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Grains;

public interface IReminderGrain : IGrainWithStringKey
{
    Task Register(string name, TimeSpan due, TimeSpan period);

    Task<bool> IsRegistered(string name);

    Task Unregister(string name);
}

public sealed class ReminderGrain : Grain, IReminderGrain, IRemindable
{
    public Task Register(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task<bool> IsRegistered(string name) => await this.GetReminder(name) is { } reminder && reminder.ReminderName == name;

    public async Task Unregister(string name)
    {
        if (await this.GetReminder(name) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        Board.Of(this.GetPrimaryKeyString()).Note($"{reminderName} {status.Period.TotalSeconds}");
        return Task.CompletedTask;
    }
}

public interface IUnremindableGrain : IGrainWithStringKey
{
    Task Register();
}

public sealed class UnremindableGrain : Grain, IUnremindableGrain
{
    public Task Register() => this.RegisterOrUpdateReminder("x", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
}

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave, bool atGate);

    Task Stop();

    Task Change(TimeSpan due, TimeSpan period);

    Task WaitAt(string gate);
}

public sealed class TimerGrain : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private int _ticks;
    private int _inside;

    private Board Board => Board.Of(this.GetPrimaryKeyString());

    public Task Start(TimeSpan due, TimeSpan period, bool interleave, bool atGate)
    {
        _timer = this.RegisterGrainTimer(Tick, atGate, new GrainTimerCreationOptions(due, period) { Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer?.Change(due, period);
        return Task.CompletedTask;
    }

    public async Task WaitAt(string gate)
    {
        Board.Note($"at {gate}");
        _timer?.Change(TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
        await Board.Gate(gate);
        Board.Note($"past {gate}");
    }

    private async Task Tick(bool atGate, CancellationToken cancellationToken)
    {
        if (++_inside > 1)
        {
            Board.Note("overlap");
        }

        var tick = ++_ticks;
        Board.Note($"tick {tick}");
        if (atGate)
        {
            await Board.Gate($"tick {tick}");
        }

        await Task.Yield();
        _inside--;
        if (tick == 2)
        {
            throw new InvalidOperationException("the second tick fails");
        }
    }
}
