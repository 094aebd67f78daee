using DepinGrains.Benchmarks.Harness;

namespace DepinGrains.Benchmarks.Silos;

/// <summary>Several silos need the Orleans build.</summary>
internal static class SilosScenarios
{
    public static Task ScaleAsync(Bench bench) => LeftOutAsync();

    public static Task MemoryAsync(Bench bench) => LeftOutAsync();

    public static Task TakeoverAsync(Bench bench) => LeftOutAsync();

    private static Task LeftOutAsync()
    {
        Bench.Say("several silos need the Orleans build: left out");
        return Task.CompletedTask;
    }
}
