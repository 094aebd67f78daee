using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Sweeps;

/// <summary>How what is due is found.</summary>
public sealed class SweepOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Sweeps";

    /// <summary>How many sweep grains share the work (FNV-1a of the key). Raised freely: shards hold nothing.</summary>
    [Range(1, 1_024)]
    public int Shards { get; set; } = 4;

    /// <summary>Cadence inside a shard; deadlines fire within one block.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the reminder wakes a shard that nobody holds active; at least a minute.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan WakeEvery { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Rows read at once; a round goes on reading until its shard has as many of its own.</summary>
    [Range(1, 1_000)]
    public int BatchMax { get; set; } = 200;

    /// <summary>Most pages of <see cref="BatchMax"/> rows one round reads of one list; the next round goes on behind them.</summary>
    [Range(1, 1_000)]
    public int PagesMax { get; set; } = 16;
}
