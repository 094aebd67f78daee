namespace DepinGrains.Domain.Nodes;

/// <summary>How much more than it has a provider sells, in percent per resource. GPUs, ports and memory-backed volumes' devices are never overcommitted.</summary>
/// <param name="CpuPercent">0 = none, 50 = one and a half times.</param>
public readonly record struct Overcommit(int CpuPercent, int MemoryPercent, int StoragePercent)
{
    /// <summary>Highest percent taken.</summary>
    public const int PercentMax = 1_000;

    /// <summary>What a demand takes off a node: round(value / (1 + percent/100)), half away from zero, at least 1 of a positive value. (Akash divides the percent as an integer, so 1–99 % does nothing there.)</summary>
    public static long Commit(long value, int percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, PercentMax);
        if (percent <= 0 || value == 0)
        {
            return value;
        }

        var divisor = (Int128)100 + percent;
        return (long)Int128.Max(1, (((Int128)value * 200) + divisor) / (2 * divisor));
    }

    /// <summary>The percent of a factor: 1.5 → 50; 1 or less → 0.</summary>
    public static int PercentOf(decimal factor) => factor <= 1 ? 0 : (int)decimal.Round((factor - 1) * 100, MidpointRounding.AwayFromZero);
}
