namespace DepinGrains.Domain.Nodes.Benchmarks;

/// <summary>
/// How long a benchmark may take. The time a market names is for the least hardware it asks for; who says he has more must be faster, or what he says is not so. Each doubling of CPU that is free takes a third off:
/// less than half, because not every core is a whole one (two threads share one) and clocks fall when all work.
/// </summary>
public static class BenchmarkTime
{
    /// <summary>Doublings that count; from sixteen times the least on the time stays a fifth.</summary>
    public const int ClassMax = 4;

    /// <summary>The class of a machine: how many times its free CPU doubles the least asked for. 0 where none is asked for.</summary>
    public static int ClassOf(long leastCpuMilli, long freeCpuMilli)
    {
        var doublings = 0;
        for (var need = (Int128)leastCpuMilli * 2; leastCpuMilli > 0 && need <= freeCpuMilli && doublings < ClassMax; need *= 2)
        {
            doublings++;
        }

        return doublings;
    }

    /// <summary>Milliseconds for a class, rounded up.</summary>
    public static int Of(int timeMs, int hardwareClass)
    {
        long time = timeMs;
        for (var i = 0; i < hardwareClass; i++)
        {
            time = ((time * 2) + 2) / 3;
        }

        return (int)time;
    }
}
