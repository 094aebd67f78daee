namespace DepinGrains.Agent.Options;

/// <summary>How workloads are kept running.</summary>
public sealed class WorkloadOptions
{
    /// <summary>Most workloads; more are refused as failed.</summary>
    public int WorkloadsMax { get; set; } = 1_000;

    /// <summary>How often a workload is looked at.</summary>
    public TimeSpan ObserveInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often usage of a running workload is reported.</summary>
    public TimeSpan UsageInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait after the first end; doubles with each further one.</summary>
    public TimeSpan BackOffMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait.</summary>
    public TimeSpan BackOffMax { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Having run this long, a workload's next end counts as the first.</summary>
    public TimeSpan BackOffReset { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>From "please end" to "killed".</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the size of volumes is measured.</summary>
    public TimeSpan VolumeCheckInterval { get; set; } = TimeSpan.FromSeconds(60);
}
