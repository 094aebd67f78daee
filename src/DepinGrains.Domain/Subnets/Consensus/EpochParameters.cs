using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>Which form of bonds and dividends a subnet runs.</summary>
public enum YumaVersion
{
    /// <summary>The chain of 2024: bonds are column shares, their moving average normalised again.</summary>
    Yuma1 = 1,

    /// <summary>The option of 2025: each bond is its own moving average in 0…1, spread to dividends by stake.</summary>
    Yuma3 = 3,
}

/// <summary>Liquid alpha: how fast a bond moves depends on how far the validator stands from consensus. Raw I32F32.</summary>
/// <param name="Low">Slowest share taken over per epoch.</param>
/// <param name="High">Fastest.</param>
/// <param name="Steepness">Of the sigmoid, in hundredths as the chain stores it (1000 = 10).</param>
public sealed record LiquidAlpha(long Low, long High, int Steepness)
{
    /// <summary>Steepest sigmoid: at the ends e^±20, where its 32 bits have long come to 0 and 1.</summary>
    public const int SteepnessMax = 4_000;
}

/// <summary>Hyperparameters an epoch reads. Names and defaults of the chain in April 2024 (subtensor a13316c42).</summary>
/// <param name="ActivityCutoff">Blocks after its last weights at which a validator stops counting.</param>
/// <param name="Kappa">Majority of stake a weight needs, of 65535.</param>
/// <param name="BondsMovingAverage">Share of old bonds kept per epoch, millionths.</param>
/// <param name="MaxValidators">Validator permits, given to the largest stakes.</param>
public sealed record EpochParameters(ulong ActivityCutoff = 5000, ushort Kappa = 32767, long BondsMovingAverage = 900_000, int MaxValidators = 64)
{
    /// <summary>Form of bonds.</summary>
    public YumaVersion Version { get; init; } = YumaVersion.Yuma1;

    /// <summary>β of the weights that make bonds, (1 − β)·W + β·clipped W, of 65535. The default is the rule of 2024: clipped weights only.</summary>
    public ushort BondsPenalty { get; init; } = ushort.MaxValue;

    /// <summary>Null for one fixed alpha. Yuma3 only.</summary>
    public LiquidAlpha? LiquidAlpha { get; init; }

    /// <summary>Whether uids without stake may hold a permit when there are more permits than stakes: yes in 2024, no in 2026.</summary>
    public bool ZeroStakePermits { get; init; } = true;

    /// <summary>Refuses <c>epoch.parameter_invalid</c>.</summary>
    public Result<EpochParameters> Checked() =>
        BondsMovingAverage is < 0 or > 1_000_000 ? Invalid(nameof(BondsMovingAverage), BondsMovingAverage, "0…1000000")
        : MaxValidators < 0 ? Invalid(nameof(MaxValidators), MaxValidators, "0 or more")
        : Version is not (YumaVersion.Yuma1 or YumaVersion.Yuma3) ? Invalid(nameof(Version), Version, "1 or 3")
        : LiquidAlpha is not null && Version != YumaVersion.Yuma3 ? Invalid(nameof(LiquidAlpha), "set", "unset, or Yuma3")
        : LiquidAlpha is { } alpha && (alpha.Low < 0 || alpha.High > I32F32.One || alpha.Low > alpha.High) ? Invalid(nameof(LiquidAlpha), $"{alpha.Low}…{alpha.High}", "0 ≤ low ≤ high ≤ 1")
        : LiquidAlpha is { Steepness: < 0 or > Consensus.LiquidAlpha.SteepnessMax } ? Invalid("Steepness", LiquidAlpha.Steepness, $"0…{Consensus.LiquidAlpha.SteepnessMax}")
        : this;

    private static Refusal Invalid(string name, object value, string want) =>
        Refusal.Of("epoch.parameter_invalid", $"{name} is {value}; it must be {want}", ("parameter", name), ("value", value));
}
