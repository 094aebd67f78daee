using System.Diagnostics;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>Latencies in buckets of 2 % width; one per caller, merged at the end.</summary>
internal sealed class Latencies
{
    private static readonly double Step = Math.Log(1.02);
    private readonly long[] _buckets = new long[1200];

    public long Count { get; private set; }

    public void Add(long startedAt, long items = 1) => Add(Stopwatch.GetElapsedTime(startedAt), items);

    public void Add(TimeSpan took, long items = 1)
    {
        var microseconds = took.TotalMicroseconds;
        _buckets[Math.Clamp((int)(Math.Log(Math.Max(1, microseconds)) / Step), 0, _buckets.Length - 1)]++;
        Count += items;
    }

    public void Merge(Latencies other)
    {
        for (var i = 0; i < _buckets.Length; i++)
        {
            _buckets[i] += other._buckets[i];
        }

        Count += other.Count;
    }

    /// <summary>A percentile, milliseconds.</summary>
    public double Percentile(double p)
    {
        var wanted = (long)(_buckets.Sum() * p);
        for (var i = 0; i < _buckets.Length; i++)
        {
            if ((wanted -= _buckets[i]) < 0)
            {
                return Math.Exp((i + 1) * Step) / 1000;
            }
        }

        return 0;
    }
}

/// <summary>One measured run.</summary>
internal sealed record Measured(string Name, double Rate, double P50, double P99, double Seconds, CpuShares Cpu)
{
    /// <summary>CPU time of ours and the server per item, microseconds: comparable even when others use the machine.</summary>
    public double CpuMicroseconds => OursMicroseconds + ServerMicroseconds;

    /// <summary>Of it, our process tree's.</summary>
    public double OursMicroseconds => Each(Cpu.Ours);

    /// <summary>Of it, the server's.</summary>
    public double ServerMicroseconds => Each(Cpu.Server);

    private double Each(double share) => share * Cpu.CpuSeconds * 1e6 / Math.Max(1, Rate * Seconds);

    public override string ToString() =>
        $"{Name,-34} {Rate,10:N0}/s  p50 {P50,8:F2} ms  p99 {P99,8:F2} ms  cpu {CpuMicroseconds,6:F1} us each ({OursMicroseconds:F1} ours, {ServerMicroseconds:F1} server)  {Cpu}";
}
