using System.Collections.Immutable;
using DepinGrains.Domain.Subnets.Weights;
using FsCheck;
using FsCheck.Fluent;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>A validator's weights are such that the subnet takes them, and as near to what was earned as its limits let them be.</summary>
public sealed class WeightFittingTests
{
    [Fact]
    public void What_keeps_to_the_limits_stays_as_it_is()
    {
        var fitted = WeightFitting.Fit([1, 4, 7], [65_535, 30_000, 1], own: 0, count: 10, minAllowed: 3, maxLimit: 65_535);
        Assert.Equal<ushort>([1, 4, 7], fitted.Uids);
        Assert.Equal<ushort>([65_535, 30_000, 1], fitted.Values);
        Assert.Equal((0, 0), (fitted.Padded, fitted.Clipped));
        Assert.Equal<ushort>([65_535, 65_535, 65_535], WeightFitting.Fit([1, 2, 3], [65_535, 65_535, 65_535], 0, 10, 0, 21_845).Values);
    }

    /// <summary>The best has 80 of 100 and may have 40: that alone would leave 45 for the second, so it is cut off as well.</summary>
    [Fact]
    public void What_is_above_the_limit_is_cut_off_at_one_level()
    {
        var fitted = WeightFitting.Fit([0, 1, 2], [65_535, 12_288, 4_096], own: 9, count: 10, minAllowed: 1, maxLimit: 26_214);
        Assert.Equal((0, 2), (fitted.Padded, fitted.Clipped));
        Assert.Equal<ushort>([65_535, 65_535, 32_768], fitted.Values);
    }

    [Fact]
    public void Too_few_are_padded_with_others_and_with_oneself_only_if_need_be()
    {
        var fitted = WeightFitting.Fit([3], [65_535], own: 1, count: 5, minAllowed: 4, maxLimit: 65_535);
        Assert.Equal<ushort>([0, 2, 3, 4], fitted.Uids);
        Assert.Equal<ushort>([1, 1, 65_535, 1], fitted.Values);
        Assert.Equal(3, fitted.Padded);
        Assert.Equal<ushort>([0, 1, 2, 3, 4], WeightFitting.Fit([3], [65_535], own: 1, count: 5, minAllowed: 1_000, maxLimit: 65_535).Uids);
        Assert.Empty(WeightFitting.Fit([], [], own: 1, count: 5, minAllowed: 4, maxLimit: 65_535).Uids);
    }

    /// <summary>One miner may have a tenth: nine others have to take the rest, and share it evenly.</summary>
    [Fact]
    public void One_alone_who_may_not_have_all_is_padded_until_the_limit_can_hold()
    {
        var fitted = WeightFitting.Fit([5], [65_535], own: 0, count: 20, minAllowed: 1, maxLimit: 6_553);
        Assert.Equal(19, fitted.Uids.Length);
        Assert.DoesNotContain((ushort)0, fitted.Uids);
        var sum = fitted.Values.Sum(static v => (long)v);
        Assert.InRange(65_535.0 / sum, 0.0995, 6_553 / 65_535.0);
        Assert.Single(fitted.Values, static v => v == ushort.MaxValue);
        Assert.Single(fitted.Values.Where(static v => v != ushort.MaxValue).Distinct());

        // Five uids can never keep a tenth each: all alike is the nearest there is.
        Assert.All(WeightFitting.Fit([1], [65_535], own: 0, count: 5, minAllowed: 1, maxLimit: 6_553).Values, static v => Assert.Equal(ushort.MaxValue, v));
    }

    [Fact]
    public void Whatever_was_earned_the_subnet_takes_it_and_no_share_is_off_from_the_exact_one()
    {
        Prop.ForAll<int>(static seed =>
        {
            var random = new Random(seed);
            var count = random.Next(1, 300);
            var own = random.Next(-1, count);
            ushort[] uids = [.. Enumerable.Range(0, count).Where(uid => uid != own && random.Next(3) > 0).Select(static uid => (ushort)uid)];
            ushort[] values = [.. uids.Select(_ => (ushort)Math.Max(1, 65_535 * Math.Pow(random.NextDouble(), random.Next(1, 12))))];
            if (uids.Length > 0)
            {
                values[random.Next(values.Length)] = ushort.MaxValue;
            }

            Compare(uids, values, own, count, random.Next(0, count + 10), (ushort)random.Next(65_535 / count, 65_536));
        }).Check(PropertySeed.Config.WithMaxTest(2_000).WithEndSize(1_000_000));
    }

    private static void Compare(ushort[] uids, ushort[] values, int own, int count, int minAllowed, ushort limit)
    {
        var fitted = WeightFitting.Fit([.. uids], [.. values], own, count, minAllowed, limit);
        if (uids.Length == 0)
        {
            Assert.Empty(fitted.Uids);
            return;
        }

        var context = $"{string.Join(' ', values)} of {count}, least {minAllowed}, most {limit}";
        Assert.True(fitted.Uids.Length >= Math.Min(minAllowed, count) && fitted.Values.Max() == ushort.MaxValue && fitted.Values.Min() > 0, context);
        Assert.Equal(fitted.Uids.Distinct().Order(), fitted.Uids);
        Assert.Empty(uids.Except(fitted.Uids));
        if (fitted.Uids.Length * (long)limit >= ushort.MaxValue)
        {
            Assert.True(WeightRules.IsMaxLimited(fitted.Values.AsSpan(), limit), context);
        }

        // The exact level, found by halving instead of by sorting.
        var raw = fitted.Uids.Select(uid => (Array.IndexOf(uids, uid) is >= 0 and var at ? values[at] : 0.0) + (fitted.Padded > 0 ? 65_535e-5 : 0)).ToArray();
        var (low, high) = (raw.Min(), raw.Max());
        for (var step = 0; step < 200 && limit < ushort.MaxValue; step++)
        {
            var level = (low + high) / 2;
            (low, high) = level * ushort.MaxValue <= limit * raw.Sum(w => Math.Min(w, level)) ? (level, high) : (low, level);
        }

        for (var i = 0; i < raw.Length; i++)
        {
            Assert.True(Math.Abs(fitted.Values[i] - (65_535 * Math.Min(raw[i], high) / high)) <= 1.5, $"uid {fitted.Uids[i]}: {fitted.Values[i]} instead of {65_535 * Math.Min(raw[i], high) / high}; {context}");
        }
    }
}
