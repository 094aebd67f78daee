using System.Collections.Immutable;
using System.Numerics;
using DepinGrains.Domain.Staking;

namespace DepinGrains.Domain.Tests.Staking;

/// <summary>Rewards by one running number: whoever comes and goes, everyone gets the share exact arithmetic gives, and nothing is lost but fractions.</summary>
public sealed class StakePoolTests
{
    [Fact]
    public void RandomHistories_EqualExactFractions()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var (pool, people) = (StakePool.Empty, Enumerable.Range(0, 6).Select(static _ => Delegation.None).ToArray());
            var (exact, paid, withdrawn) = (Enumerable.Range(0, 6).Select(static _ => Fraction.Zero).ToArray(), 0L, 0L);
            var waiting = 0L;
            for (var step = 0; step < 200; step++)
            {
                var who = random.Next(6);
                switch (random.Next(4))
                {
                    case 0:
                        var more = random.NextInt64(1, 1_000_000_000);
                        (pool, people[who]) = Changed(pool.Delegate(people[who], more).Require());
                        (exact, waiting) = Shared(exact, people, waiting);
                        break;
                    case 1 when people[who].Stake > 0:
                        (pool, people[who]) = Changed(pool.Undelegate(people[who], random.NextInt64(1, people[who].Stake + 1)).Require());
                        break;
                    case 2:
                        var reward = random.NextInt64(0, 1_000_000);
                        paid += reward;
                        (pool, waiting) = (pool.Reward(reward), waiting + reward);
                        (exact, waiting) = Shared(exact, people, waiting);
                        break;
                    default:
                        (people[who], var amount) = pool.Settle(people[who]).Withdraw();
                        withdrawn += amount;
                        exact[who] -= new Fraction(amount, 1);
                        break;
                }

                Assert.Equal(people.Sum(static p => p.Stake), pool.Total);
            }

            long[] earned = [.. people.Select(p => pool.Settle(p).Earned)];
            Assert.InRange(paid - withdrawn - earned.Sum() - pool.Waiting, 0, people.Length + 1);
            Assert.All(Enumerable.Range(0, 6), i => Assert.InRange(exact[i].Floor() - earned[i], 0, 1));
        }
    }

    [Fact]
    public void WhoComesLater_SharesInNothingEarlier()
    {
        var pool = StakePool.Empty;
        (pool, var first) = Changed(pool.Delegate(Delegation.None, 100).Require());
        pool = pool.Reward(50);
        (pool, var second) = Changed(pool.Delegate(Delegation.None, 100).Require());
        pool = pool.Reward(50);
        Assert.Equal((75, 25), (pool.Settle(first).Earned, pool.Settle(second).Earned));
        Assert.Equal(pool.Settle(first), pool.Settle(pool.Settle(first)));
    }

    [Fact]
    public void RewardsWithoutStake_WaitForTheFirst()
    {
        var pool = StakePool.Empty.Reward(7).Reward(8);
        Assert.Equal(15, pool.Waiting);
        (pool, var first) = Changed(pool.Delegate(Delegation.None, 3).Require());
        Assert.Equal((0, 15), (pool.Waiting, pool.Settle(first).Earned));
    }

    [Fact]
    public void Commission_GoesFirst_AndBothMakeTheWhole()
    {
        var (pool, first) = Changed(StakePool.Empty.Delegate(Delegation.None, 8).Require());
        (pool, var commission) = pool.Reward(1001, 50_000);
        Assert.Equal((50, 951), (commission, pool.Settle(first).Earned));
    }

    [Fact]
    public void WrongAmounts_AreRefused()
    {
        Assert.Equal("staking.amount_invalid", StakePool.Empty.Delegate(Delegation.None, 0).Refusal!.Code);
        Assert.Equal("staking.not_enough_stake", StakePool.Empty.Undelegate(Delegation.None, 1).Refusal!.Code);
        var (pool, _) = Changed(StakePool.Empty.Delegate(Delegation.None, long.MaxValue).Require());
        Assert.Equal("staking.amount_invalid", pool.Delegate(Delegation.None, 1).Refusal!.Code);
        Assert.Equal(long.MaxValue, pool.Reward(long.MaxValue).Settle(new Delegation(long.MaxValue, 0, 0, 0)).Earned);
    }

    [Fact]
    public void Unbonding_FreesAfterItsPeriod_AndConserves()
    {
        var start = DateTimeOffset.UnixEpoch;
        var entries = UnbondingRules.Akt.Begin([], 100, start).Require();
        entries = UnbondingRules.Akt.Begin(entries, 50, start).Require();
        entries = UnbondingRules.Akt.Begin(entries, 30, start.AddDays(1)).Require();
        Assert.Equal(2, entries.Length);
        Assert.Equal(0, UnbondingRules.Release(entries, start.AddDays(21).AddTicks(-1)).Freed);
        var (freed, left) = UnbondingRules.Release(entries, start.AddDays(21));
        Assert.Equal((150, 30), (freed, left.Sum(static e => e.Amount)));
        Assert.Equal([150L - 10], UnbondingRules.Cancel(entries, 40).Require().Select(static e => e.Amount));
        Assert.Equal("staking.not_unbonding", UnbondingRules.Cancel(entries, 181).Refusal!.Code);
        Assert.Equal(5, UnbondingRules.Release(UnbondingRules.Tao.Begin([], 5, start).Require(), start).Freed);
        var many = Enumerable.Range(0, 7).Aggregate(ImmutableArray<UnbondingEntry>.Empty, (all, day) => UnbondingRules.Akt.Begin(all, 1, start.AddDays(day)).Require());
        Assert.Equal("staking.too_many_unbondings", UnbondingRules.Akt.Begin(many, 1, start.AddDays(8)).Refusal!.Code);
    }

    private static (StakePool Pool, Delegation Delegation) Changed(StakeChange change) => (change.Pool, change.Delegation);

    /// <summary>What waits is shared by stake, exactly, once somebody has stake.</summary>
    private static (Fraction[] Exact, long Waiting) Shared(Fraction[] exact, Delegation[] people, long waiting)
    {
        var total = people.Sum(static p => p.Stake);
        return total == 0 ? (exact, waiting) : ([.. exact.Select((e, i) => e + new Fraction((BigInteger)waiting * people[i].Stake, total))], 0);
    }

    private readonly record struct Fraction(BigInteger Top, BigInteger Bottom)
    {
        public static readonly Fraction Zero = new(0, 1);

        public static Fraction operator +(Fraction a, Fraction b) => Reduced((a.Top * b.Bottom) + (b.Top * a.Bottom), a.Bottom * b.Bottom);

        public static Fraction operator -(Fraction a, Fraction b) => a + new Fraction(-b.Top, b.Bottom);

        public long Floor() => (long)BigInteger.Divide(Top - (BigInteger.Remainder(Top, Bottom).Sign < 0 ? Bottom - 1 : 0), Bottom);

        private static Fraction Reduced(BigInteger top, BigInteger bottom)
        {
            var divisor = BigInteger.GreatestCommonDivisor(top, bottom);
            return new Fraction(top / divisor, bottom / divisor);
        }
    }
}
