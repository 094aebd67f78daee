namespace DepinGrains.Agent.Options;

/// <summary>Limits of captured output, per workload.</summary>
public sealed class LogOptions
{
    /// <summary>A file is closed when it reaches this size.</summary>
    public long FileBytes { get; set; } = 4 << 20;

    /// <summary>Files kept; the oldest goes.</summary>
    public int Files { get; set; } = 5;

    /// <summary>Longest line; longer ones are cut into several.</summary>
    public int LineBytes { get; set; } = 16 << 10;

    /// <summary>How often new output is looked for.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Most output of one stream that waits to be taken over; what is beyond it is lost, and a line says so. While the agent is away nobody takes over, and a native process that writes more than that and more than the
    /// storage it ordered is stopped by the system; an engine of containers begins its own file anew at this size.
    /// </summary>
    public long RawBytes { get; set; } = 64 << 20;

    /// <summary>Most lines in one message.</summary>
    public int BatchLines { get; set; } = 500;
}
