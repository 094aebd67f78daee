namespace DepinGrains.Agent.Options;

/// <summary>Timed benchmarks that markets ask of this node. Without them it cannot register where hardware must be shown.</summary>
public sealed class BenchmarkOptions
{
    /// <summary>False: every benchmark is declined.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Most of the CPU on offer that a benchmark uses, percent.</summary>
    public int CpuPercentMax { get; set; } = 100;

    /// <summary>How much of the CPU that leases have booked a benchmark may take from them, percent. While less than one core is left beside them it waits.</summary>
    public int LeaseCpuPercentMax { get; set; } = 25;

    /// <summary>Longest benchmark; longer ones are declined.</summary>
    public TimeSpan TimeMax { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Niceness of its threads, 0 to 19: leases come first.</summary>
    public int Nice { get; set; } = 5;

    /// <summary>How often a benchmark that waits looks for room.</summary>
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromSeconds(1);
}
