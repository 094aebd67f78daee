using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.Runtime.Tests.Grains;

[GenerateSerializer]
public sealed class CounterState
{
    [Id(0)]
    public int Value { get; set; }
}

public interface ICounterGrain : IGrainWithStringKey
{
    Task<int> Add(int number);

    Task<int> Get();

    Task<bool> Exists();

    Task Clear();

    /// <summary>Adds through another grain, whose conflict passes through this one.</summary>
    Task<int> AddVia(string other, int number);

    Task<int> Instance();
}

public sealed class CounterGrain(
    [PersistentState("counter", "test")] IPersistentState<CounterState> state,
    [PersistentState("second", "test")] IPersistentState<CounterState> second) : Grain, ICounterGrain
{
    private static int _instances;
    private readonly int _instance = Interlocked.Increment(ref _instances);
    private int _atActivation = -1;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _atActivation = state.State.Value;
        return Task.CompletedTask;
    }

    public async Task<int> Add(int number)
    {
        state.State.Value += number;
        await state.WriteStateAsync();
        second.State.Value = -state.State.Value;
        await second.WriteStateAsync();
        return state.State.Value;
    }

    public Task<int> Get() => Task.FromResult(state.State.Value);

    public Task<bool> Exists() => Task.FromResult(state.RecordExists && _atActivation >= 0);

    public async Task Clear()
    {
        await state.ClearStateAsync();
        await second.ClearStateAsync();
    }

    public Task<int> AddVia(string other, int number) => GrainFactory.GetGrain<ICounterGrain>(other).Add(number);

    public Task<int> Instance() => Task.FromResult(_instance);
}
