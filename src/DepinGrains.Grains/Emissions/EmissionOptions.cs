using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Emissions;

/// <summary>How emission is settled and remembered.</summary>
public sealed class EmissionOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Emissions";

    /// <summary>Blocks of one point of the history and of one window in which recycling is observed: 300 are an hour.</summary>
    [Range(1, 100_000)]
    public int WindowBlocks { get; set; } = 300;

    /// <summary>Windows a forecast looks back on: 168 hours are a week.</summary>
    [Range(1, 10_000)]
    public int Windows { get; set; } = 168;

    /// <summary>Most spans of blocks with one emission kept for a subnet that draws nothing; beyond it the oldest two become one, exact in sum.</summary>
    [Range(16, 100_000)]
    public int SpansMax { get; set; } = 1_024;
}
