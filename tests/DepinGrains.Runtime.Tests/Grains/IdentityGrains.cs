using Orleans.Concurrency;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Grains;

public interface INumberedGrain : IGrainWithIntegerKey
{
    Task<string> Identity();

    Task<long> Key();

    Task<bool> SameAs(INumberedGrain other);
}

[GrainType("numbered-v2")]
public sealed class NumberedGrain : Grain, INumberedGrain, IOtherFace
{
    public Task<string> Identity() => Task.FromResult(this.GetGrainId().ToString());

    public Task<long> Key() => Task.FromResult(this.GetPrimaryKeyLong());

    public Task<bool> SameAs(INumberedGrain other) => Task.FromResult(other.Equals(this.AsReference<INumberedGrain>()));

    public Task<string> Other() => Task.FromResult("other face");
}

public interface IOtherFace : IGrainWithIntegerKey
{
    Task<string> Other();
}

internal interface IHiddenGrain : IGrainWithStringKey
{
    Task<string> Key();
}

internal sealed class HiddenGrain : Grain, IHiddenGrain
{
    public Task<string> Key() => Task.FromResult(this.GetPrimaryKeyString());
}

public interface IWorkerGrain : IGrainWithIntegerKey
{
    Task Work(string gate);
}

[StatelessWorker(2)]
public sealed class WorkerGrain : Grain, IWorkerGrain
{
    public async Task Work(string gate)
    {
        var board = Board.Of("workers");
        board.Note($"{gate} starts");
        await board.Gate(gate);
    }
}
