using System.Collections.Immutable;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Grains;

/// <summary>Methods that start, wait at a gate of the board, and end.</summary>
public interface IGateGrain : IGrainWithStringKey
{
    Task Wait(string name);

    [AlwaysInterleave]
    Task WaitInterleaving(string name);

    [ReadOnly]
    Task WaitReading(string name);

    Task Append(int number);

    Task<ImmutableArray<int>> Appended();
}

public interface IReentrantGateGrain : IGateGrain;

public abstract class GateGrainBase : Grain
{
    private readonly List<int> _appended = [];
    private int _inside;

    private Board Board => Board.Of(this.GetPrimaryKeyString());

    public async Task Wait(string name)
    {
        Board.Note($"{name} starts");
        await Board.Gate(name);
        Board.Note($"{name} ends");
    }

    public Task WaitInterleaving(string name) => Wait(name);

    public Task WaitReading(string name) => Wait(name);

    public async Task Append(int number)
    {
        if (Interlocked.Increment(ref _inside) != 1)
        {
            Board.Note("two turns at once");
        }

        _appended.Add(number);
        Interlocked.Decrement(ref _inside);
        await Task.Yield();
        if (Interlocked.Increment(ref _inside) != 1)
        {
            Board.Note("two turns at once");
        }

        Interlocked.Decrement(ref _inside);
    }

    public Task<ImmutableArray<int>> Appended() => Task.FromResult(_appended.ToImmutableArray());
}

public sealed class GateGrain : GateGrainBase, IGateGrain;

[Reentrant]
public sealed class ReentrantGateGrain : GateGrainBase, IReentrantGateGrain;

/// <summary>Where grain code runs.</summary>
public interface ISchedulerGrain : IGrainWithIntegerKey
{
    /// <summary>True when all that follows awaits came back to the grain's own scheduler.</summary>
    Task<bool> StaysOnItsScheduler();

    ValueTask<int> AddAsync(int a, int b);

    ValueTask NothingAsync();
}

public sealed class SchedulerGrain : Grain, ISchedulerGrain
{
    public async Task<bool> StaysOnItsScheduler()
    {
        var own = TaskScheduler.Current;
        await Task.Yield();
        var afterYield = TaskScheduler.Current == own;
        await Task.Run(static () => Thread.SpinWait(100));
        var afterRun = TaskScheduler.Current == own;
        var inside = await Task.Factory.StartNew(static () => TaskScheduler.Current);
        return own != TaskScheduler.Default && afterYield && afterRun && inside == own;
    }

    public ValueTask<int> AddAsync(int a, int b) => new(a + b);

    public async ValueTask NothingAsync() => await Task.Yield();
}

/// <summary>A chain that comes back to its beginning.</summary>
public interface IChainGrain : IGrainWithStringKey
{
    Task<string> Call(ImmutableArray<string> path);
}

public sealed class ChainGrain : Grain, IChainGrain
{
    public async Task<string> Call(ImmutableArray<string> path) =>
        path.IsEmpty ? this.GetPrimaryKeyString() : this.GetPrimaryKeyString() + ">" + await GrainFactory.GetGrain<IChainGrain>(path[0]).Call(path.RemoveAt(0));
}
