using DepinGrains.Domain.Staking;
using DepinGrains.Domain.Tests.Subnets;

namespace DepinGrains.Domain.Tests.Staking;

/// <summary>Shares of a pool: nobody gains by coming or going, the pool is never owed more than it holds.</summary>
public sealed class SharePoolTests
{
    /// <summary>The path rewards really take: take and pool by <see cref="StakeReward"/>, delegators by shares. What the pool has beyond whole stakes is the owner's, as upstream.</summary>
    [Fact]
    public void EveryDelegationVector_HoldsThroughAccountsAndShares()
    {
        foreach (var vector in SubnetVectors.Read("delegation_vectors.json").GetProperty("vectors").EnumerateArray())
        {
            var from = vector.GetProperty("inputs");
            var owner = from.GetProperty("owner").GetString()!;
            var delegators = new Dictionary<string, Int128>();
            var (own, pool, shares) = (0L, 0L, (Int128)0);
            foreach (var stake in from.GetProperty("stake_by_coldkey").EnumerateObject())
            {
                var amount = stake.Value.GetInt64();
                if (stake.Name == owner)
                {
                    own += amount;
                    continue;
                }

                pool += amount;
                delegators[stake.Name] = SharePool.Issue(shares, pool, amount);
                shares += delegators[stake.Name];
            }

            var reward = StakeReward.Split(own, pool, from.GetProperty("take_u16").GetInt32(), from.GetProperty("server_emission").GetInt64(), from.GetProperty("validator_emission").GetInt64(), from.GetProperty("is_delegate").GetBoolean());
            (own, pool) = (own + reward.Own, pool + reward.Pool);
            var rest = own + pool;
            foreach (var (name, held) in delegators)
            {
                var value = SharePool.Value(held, shares, pool);
                Assert.Equal((name, vector.GetProperty("expected").GetProperty(name).GetInt64()), (name, value));
                rest -= value;
            }

            Assert.Equal(vector.GetProperty("expected").GetProperty(owner).GetInt64(), rest);
        }
    }

    /// <summary>Thousands of comings, goings and rewards: what is shown never exceeds the pool, coming and going at once returns the amount and moves nobody else's stake.</summary>
    [Theory]
    [InlineData(1, 1_000)]
    [InlineData(2, 1_000_000_000)]
    [InlineData(3, 21_000_000_000_000_000)]
    public void NobodyGainsByComingOrGoing(int seed, long largest)
    {
        var random = new Random(seed);
        var held = new Int128[20];
        var (pool, total) = (0L, (Int128)0);
        for (var step = 0; step < 5_000; step++)
        {
            var (who, before) = (random.Next(held.Length), held.Select(s => SharePool.Value(s, total, pool)).ToArray());
            switch (random.Next(3))
            {
                case 0 when pool < largest * 50:
                    var amount = random.NextInt64(1, largest);
                    pool += amount;
                    var issued = SharePool.Issue(total, pool, amount);
                    (held[who], total) = (held[who] + issued, total + issued);
                    Assert.InRange(SharePool.Value(held[who], total, pool), before[who] + amount, before[who] + amount + 1);
                    break;
                case 1 when before[who] > 0:
                    var gone = random.Next(4) == 0 ? before[who] : random.NextInt64(1, before[who] + 1);
                    var burned = SharePool.Burn(held[who], total, pool, gone);
                    (held[who], total, pool) = (held[who] - burned, total - burned, pool - gone);
                    Assert.InRange(SharePool.Value(held[who], total, pool), before[who] - gone - 1, before[who] - gone);
                    break;
                default:
                    pool += total == 0 ? 0 : random.NextInt64(0, (largest / 100) + 2);
                    break;
            }

            var after = held.Select(s => SharePool.Value(s, total, pool)).ToArray();
            Assert.True(after.Sum() <= pool, $"step {step}: {after.Sum()} of {pool}");
            Assert.All(Enumerable.Range(0, held.Length).Where(i => i != who), i => Assert.True(after[i] >= before[i], $"step {step}: {before[i]} became {after[i]}"));
        }
    }

    [Fact]
    public void WhoComesAfterAReward_HasNothingOfIt_AndWhoWasThereKeepsItWhole()
    {
        var (pool, total) = (1_000L, SharePool.Issue(0, 1_000, 1_000));
        pool += 500;
        var late = SharePool.Issue(total, pool + 1_500, 1_500);
        Assert.Equal(1_500, SharePool.Value(late, total + late, pool + 1_500));
        Assert.Equal(1_500, SharePool.Value(total, total + late, pool + 1_500));
    }

    [Theory]
    [InlineData(0, 0, 11_796, 100, 900, 1_000, 0)]
    [InlineData(0, 500, 0, 0, 1_000, 0, 1_000)]
    [InlineData(500, 500, 65_535, 7, 1_000, 1_007, 0)]
    public void Split_PaysExactlyWhatCameIn(long own, long pool, int take, long mining, long validating, long toOwn, long toPool) =>
        Assert.Equal(new StakeReward(toOwn, toPool), StakeReward.Split(own, pool, take, mining, validating));
}
