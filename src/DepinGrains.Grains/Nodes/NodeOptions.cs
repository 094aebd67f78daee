using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Nodes;

/// <summary>Limits of one node.</summary>
public sealed class NodeOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Nodes";

    /// <summary>Most reservations standing at once.</summary>
    [Range(1, 10_000)]
    public int ReservationsMax { get; set; } = 512;

    /// <summary>Most slots of one reservation; 20 groups of 50 replicas never meet on one node.</summary>
    [Range(1, 1_000)]
    public int SlotsMax { get; set; } = 128;

    /// <summary>Longest time an unconfirmed reservation may be asked for. Released ids are remembered this long, so that a late duplicate cannot book again.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan ReservationLifetimeMax { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Most released ids remembered; beyond it the oldest go first.</summary>
    [Range(16, 100_000)]
    public int ReleasedMax { get; set; } = 1_024;

    /// <summary>Most workloads of one reservation.</summary>
    [Range(1, 1_000)]
    public int WorkloadsMax { get; set; } = 128;
}
