using System.Numerics;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Domain.Tests.Emissions;

/// <summary>AKT's inflation: exact over any division of a year into epochs.</summary>
public sealed class StakingInflationTests
{
    [Fact]
    public void OneEpochOfAYear_MintsFourteenPercent()
    {
        var step = new StakingInflation().Mint(1_000_000_000_000, StakingInflation.YearSeconds, 0);
        Assert.Equal((140_000_000_000, 2_800_000_000, 137_200_000_000, (Int128)0), (step.Minted, step.Community, step.Stakers, step.Carry));
    }

    [Fact]
    public void Epochs_MintExactlyWhatTheirSumOwes_WithNothingLost()
    {
        var random = new Random(4);
        for (var round = 0; round < 200; round++)
        {
            var rule = new StakingInflation(random.Next(1_000_001), random.Next(1_000_001)).Checked().Require();
            var (supply, carry, minted, owed) = (random.NextInt64(1, 400_000_000_000_000), (Int128)0, 0L, BigInteger.Zero);
            for (var epoch = 0; epoch < 100; epoch++)
            {
                var seconds = random.NextInt64(1, 86_400);
                owed += (BigInteger)supply * rule.RateMillionths * seconds;
                var step = rule.Mint(supply, seconds, carry);
                Assert.Equal(step.Minted, step.Community + step.Stakers);
                Assert.Equal((long)((Int128)step.Minted * rule.CommunityTaxMillionths / 1_000_000), step.Community);
                (supply, carry, minted) = (supply + step.Minted, step.Carry, minted + step.Minted);
                Assert.Equal(owed, ((BigInteger)minted * 1_000_000 * StakingInflation.YearSeconds) + (BigInteger)carry);
            }
        }
    }

    [Fact]
    public void TheLargestSupply_NeverOverflows()
    {
        var step = new StakingInflation(1_000_000).Mint(long.MaxValue - 5, StakingInflation.YearSeconds, 0);
        Assert.Equal(5, step.Minted);
        Assert.Equal("inflation.rate_invalid", new StakingInflation(1_000_001).Checked().Refusal!.Code);
        Assert.Equal("inflation.rate_invalid", new StakingInflation(1, -1).Checked().Refusal!.Code);
    }
}
