using System.ComponentModel.DataAnnotations;
using DepinGrains.Domain.Staking;

namespace DepinGrains.Grains.Staking;

/// <summary>Bounds of staking and of inflation.</summary>
public sealed class StakingOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Staking";

    /// <summary>Most delegators of one hotkey.</summary>
    [Range(1, SharePool.DelegatorsMax)]
    public int DelegatorsMax { get; set; } = 100_000;

    /// <summary>Most exits one visit of the sweep pays; the rest stays due.</summary>
    [Range(1, 1_000)]
    public int ExitsPerTick { get; set; } = 50;

    /// <summary>Length of an epoch of inflation, counted from the network's genesis. Never changed once one was paid: its number is the key of all it pays.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan EpochLength { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Most epochs one visit pays; the rest stays due.</summary>
    [Range(1, 1_000)]
    public int EpochsPerTick { get; set; } = 16;

    /// <summary>Validators that earn, those with the most stake; Akash's active set is 100.</summary>
    [Range(1, 1_000)]
    public int ValidatorsMax { get; set; } = 100;

    /// <summary>Most hotkeys of a token among which the validators are looked for.</summary>
    [Range(1, 5_000)]
    public int CandidatesMax { get; set; } = 5_000;
}
