using System.ComponentModel.DataAnnotations;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Grains.Network;

/// <summary>The network's clock.</summary>
public sealed class NetworkOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Network";

    /// <summary>Height 0. Never changed once money has streamed.</summary>
    public DateTimeOffset Genesis { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Length of a block; prices are per block. Akash: 6 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan BlockTime { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Length of a block of subnets and TAO's emission, Bittensor's 12 s. Shorter only to try out in minutes what takes days: as much is emitted per block, so more per day. Never changed once TAO was emitted.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan TaoBlockTime { get; set; } = TimeSpan.FromSeconds(TaoEmission.BlockSeconds);
}
