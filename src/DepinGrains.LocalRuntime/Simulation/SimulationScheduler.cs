namespace DepinGrains.LocalRuntime.Simulation;

/// <summary>Runs everything on one thread in an order drawn from a seed.</summary>
public sealed class SimulationScheduler
{
    private readonly Random _random = new(0);
    private readonly Queue<IThreadPoolWorkItem> _ready = new();

    internal TimeProvider Time { get; } = TimeProvider.System;

    internal void Check(TaskScheduler activation) => GC.KeepAlive(_random.Next(activation.MaximumConcurrencyLevel));

    internal int Choose(int count) => _random.Next(count);

    internal void Schedule(IThreadPoolWorkItem item) => _ready.Enqueue(item);
}
