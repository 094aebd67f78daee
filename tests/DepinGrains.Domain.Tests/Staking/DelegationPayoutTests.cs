using System.Collections.Immutable;
using DepinGrains.Domain.Staking;
using DepinGrains.Domain.Tests.Subnets;

namespace DepinGrains.Domain.Tests.Staking;

/// <summary>Take and nominators against the chain's tests; totals always conserve.</summary>
public sealed class DelegationPayoutTests
{
    [Fact]
    public void EveryDelegationVector_Holds()
    {
        var vectors = SubnetVectors.Read("delegation_vectors.json").GetProperty("vectors").EnumerateArray().ToArray();
        Assert.Equal(11, vectors.Length);
        foreach (var vector in vectors)
        {
            var from = vector.GetProperty("inputs");
            var stakes = from.GetProperty("stake_by_coldkey").EnumerateObject().ToDictionary(static s => s.Name, static s => s.Value.GetUInt64());
            var earnings = new HotkeyEarnings(
                from.GetProperty("owner").GetString()!, from.GetProperty("is_delegate").GetBoolean(), from.GetProperty("take_u16").GetUInt16(),
                from.GetProperty("server_emission").GetUInt64(), from.GetProperty("validator_emission").GetUInt64());
            foreach (var (coldkey, amount) in DelegationPayout.Split(earnings, [.. stakes.Select(static s => new Nomination(s.Key, s.Value))]))
            {
                stakes[coldkey] += amount;
            }

            Assert.All(vector.GetProperty("expected").EnumerateObject(), e => Assert.Equal((vector.GetProperty("name").GetString(), e.Value.GetUInt64()), (vector.GetProperty("name").GetString(), stakes[e.Name])));
        }
    }

    [Fact]
    public void EveryAssertedTotal_IsConserved()
    {
        var rows = SubnetVectors.Read("delegation_vectors.json").GetProperty("conservation").GetProperty("asserted").EnumerateArray().ToArray();
        Assert.Equal(4, rows.Length);
        foreach (var row in rows)
        {
            var (before, earned, after) = (row[0].GetUInt64(), row[1].GetUInt64(), row[2].GetUInt64());
            ImmutableArray<Nomination> stakes = [new("owner", before / 2), new("nominator", before - (before / 2))];
            var paid = DelegationPayout.Split(new HotkeyEarnings("owner", true, DelegationPayout.DefaultTake, earned / 3, earned - (earned / 3)), stakes);
            Assert.Equal(after, before + paid.Aggregate(0UL, static (sum, p) => sum + p.Stake));
        }
    }

    [Fact]
    public void RandomPayouts_Conserve_AndNoNominatorGetsMoreThanItsShare()
    {
        var random = new Random(6);
        for (var round = 0; round < 2000; round++)
        {
            ImmutableArray<Nomination> stakes = [.. Enumerable.Range(0, random.Next(0, 20)).Select(i => new Nomination($"c{i}", random.Next(5) == 0 ? 0 : (ulong)random.NextInt64(1, 1L << random.Next(2, 62))))];
            var earnings = new HotkeyEarnings("c0", random.Next(4) != 0, (ushort)random.Next(65536), (ulong)random.NextInt64(1L << 40), (ulong)random.NextInt64(1L << random.Next(1, 60)));
            var paid = DelegationPayout.Split(earnings, stakes);
            Assert.Equal(earnings.Mining + earnings.Validating, paid.Aggregate(0UL, static (sum, p) => sum + p.Stake));
            Assert.Equal(paid.Length, paid.Select(static p => p.Coldkey).Distinct().Count());
            var total = stakes.Aggregate(UInt128.Zero, static (sum, s) => sum + s.Stake);
            Assert.All(paid.Where(static p => p.Coldkey != "c0"), p => Assert.True(p.Stake * total <= (UInt128)stakes.Single(s => s.Coldkey == p.Coldkey).Stake * earnings.Validating));
        }
    }

    [Fact]
    public void Take_RisesOnceAMonth_FallsAnyTime_AndStaysBelowItsMaximum()
    {
        var rules = new TakeRules();
        Assert.Equal(9000, rules.Change(8000, 9000, null, 5).Require());
        Assert.Equal("staking.take_raised_recently", rules.Change(9000, 9001, 5, 216_004).Refusal!.Code);
        Assert.Equal(9001, rules.Change(9000, 9001, 5, 216_005).Require());
        Assert.Equal(0, rules.Change(9000, 0, 5, 6).Require());
        Assert.Equal("staking.take_too_high", rules.Change(9000, 11_797, null, 6).Refusal!.Code);
        Assert.Equal("staking.take_unchanged", rules.Change(9000, 9000, null, 6).Refusal!.Code);
    }
}
