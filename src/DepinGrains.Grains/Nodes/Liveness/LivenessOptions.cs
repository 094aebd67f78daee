using System.ComponentModel.DataAnnotations;
using System.Numerics;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>How nodes are watched.</summary>
public sealed class LivenessOptions : IValidatableObject
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Liveness";

    /// <summary>Shards the nodes are spread over: a power of two, at most <see cref="NodeRows.Buckets"/>. May be changed at a restart of all silos.</summary>
    [Range(1, NodeRows.Buckets)]
    public int Shards { get; set; } = 8;

    /// <summary>Shortest interval between two beats of a node; few nodes beat at this one.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan IntervalMin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest interval.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan IntervalMax { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Beats per second one shard aims at: with more nodes the interval grows.</summary>
    [Range(1, 10_000_000)]
    public int BeatsPerSecond { get; set; } = 2_500;

    /// <summary>Intervals without a beat until a node is suspect.</summary>
    [Range(2, 100)]
    public int SuspectIntervals { get; set; } = 2;

    /// <summary>Intervals without a beat until a node is declared dead.</summary>
    [Range(3, 100)]
    public int DeadIntervals { get; set; } = 3;

    /// <summary>Resolution of the wheel.</summary>
    [Range(typeof(TimeSpan), "00:00:00.02", "00:00:05")]
    public TimeSpan Tick { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Most time one tick counts. When the shard itself stood still for longer (a pause of the process, a busy silo), the rest is not held against the nodes,
    /// whose beats waited in its queue.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan TickCountsAtMost { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest a shard works on beats alone before everything else that waits for the process's threads may go first, its own timer and the answers of the store among them.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan BeatsAloneAtMost { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Most nodes told at once that they are suspect or dead.</summary>
    [Range(1, 1_000)]
    public int TellAtOnce { get; set; } = 32;

    /// <summary>How often a shard reads changed rows, for what hints did not bring.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RefreshPeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a node may be offline before it is retired for good; 0 = for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan RetireAfter { get; set; } = TimeSpan.FromDays(7);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!BitOperations.IsPow2(Shards))
        {
            yield return new ValidationResult("Shards must be a power of two", [nameof(Shards)]);
        }

        if (IntervalMax < IntervalMin)
        {
            yield return new ValidationResult("IntervalMax must not be shorter than IntervalMin", [nameof(IntervalMax)]);
        }

        if (DeadIntervals <= SuspectIntervals)
        {
            yield return new ValidationResult("DeadIntervals must be more than SuspectIntervals", [nameof(DeadIntervals)]);
        }

        if (TickCountsAtMost < Tick)
        {
            yield return new ValidationResult("TickCountsAtMost must not be shorter than Tick", [nameof(TickCountsAtMost)]);
        }
    }
}
