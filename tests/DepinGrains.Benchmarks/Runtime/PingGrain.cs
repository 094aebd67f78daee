namespace DepinGrains.Benchmarks.Runtime;

/// <summary>A grain that does nothing.</summary>
public interface IPingGrain : IGrainWithIntegerKey
{
    /// <summary>Answers.</summary>
    Task<int> PingAsync(int number);
}

/// <inheritdoc/>
public sealed class PingGrain : Grain, IPingGrain
{
    /// <inheritdoc/>
    public Task<int> PingAsync(int number) => Task.FromResult(number);
}
