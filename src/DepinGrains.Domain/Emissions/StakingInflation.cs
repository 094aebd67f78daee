using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Emissions;

/// <summary>What an epoch mints.</summary>
/// <param name="Minted">Minor units.</param>
/// <param name="Community">Of them, to the community pool, rounded down.</param>
/// <param name="Stakers">The rest, by stake.</param>
/// <param name="Carry">What the division left, to be handed to the next epoch.</param>
public sealed record InflationStep(long Minted, long Community, long Stakers, Int128 Carry);

/// <summary>
/// AKT's proof-of-stake inflation: each epoch mints supply · rate · its part of a year; the community pool takes its tax, stakers the rest by stake.
/// Source: Cosmos SDK x/mint <c>BlockProvision</c> and x/distribution <c>CommunityTax</c>, per epoch instead of per block; 14 % by default (issue 4). Exact: what a division leaves is carried to the next epoch.
/// </summary>
/// <param name="RateMillionths">Of the supply per year, 0…1,000,000.</param>
/// <param name="CommunityTaxMillionths">Of what is minted, 0…1,000,000.</param>
public sealed record StakingInflation(int RateMillionths = 140_000, int CommunityTaxMillionths = 20_000)
{
    /// <summary>A year of 365 days, in seconds.</summary>
    public const long YearSeconds = 365L * 86_400;

    private const long Million = 1_000_000;

    /// <summary>Refuses <c>inflation.rate_invalid</c>.</summary>
    public Result<StakingInflation> Checked() => RateMillionths is < 0 or > 1_000_000 || CommunityTaxMillionths is < 0 or > 1_000_000
        ? Refusal.Of("inflation.rate_invalid", $"rate {RateMillionths}, tax {CommunityTaxMillionths}: both are millionths, 0…1000000", ("rate", RateMillionths), ("tax", CommunityTaxMillionths))
        : this;

    /// <summary>One epoch. The same epoch asked twice gives the same: who calls keeps the epoch's number as the key.</summary>
    /// <param name="supply">Before, minor units.</param>
    /// <param name="epochSeconds">Its length, at most a year.</param>
    /// <param name="carry">From the epoch before; 0 at first.</param>
    public InflationStep Mint(long supply, long epochSeconds, Int128 carry)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(supply);
        ArgumentOutOfRangeException.ThrowIfNegative(epochSeconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epochSeconds, YearSeconds);
        var exact = ((Int128)supply * RateMillionths * epochSeconds) + carry;
        var unit = (Int128)Million * YearSeconds;
        var minted = (long)Int128.Min(exact / unit, long.MaxValue - supply);
        var community = (long)((Int128)minted * CommunityTaxMillionths / Million);
        return new InflationStep(minted, community, minted - community, exact % unit);
    }
}
