using System.Collections.Immutable;

namespace DepinGrains.Domain.Subnets.Weights;

/// <summary>What a validator earned for others, made such that the subnet takes it.</summary>
/// <param name="Uids">Ascending.</param>
/// <param name="Values">The largest 65535.</param>
/// <param name="Padded">So many uids that earned nothing are among them.</param>
/// <param name="Clipped">So many had to give up a part of their share.</param>
public sealed record FittedWeights(ImmutableArray<ushort> Uids, ImmutableArray<ushort> Values, int Padded, int Clipped);

/// <summary>
/// Fits weights to a subnet's <c>min_allowed_weights</c> and <c>max_weights_limit</c>, as bittensor's <c>process_weights_for_netuid</c> does: too few are padded with a hundred-thousandth of the best for everybody else;
/// then the largest share is brought down to the limit by cutting all above one level off at it, with the rest in proportion as before. Beside the reference: it pads too where so few uids could never keep to the limit,
/// and pads with the validator's own uid only where all the others do not suffice. In integers, rounded such that <see cref="WeightRules.IsMaxLimited"/> holds whenever it can.
/// </summary>
public static class WeightFitting
{
    private const long One = ushort.MaxValue;

    /// <summary>Weights have this many bits behind the point meanwhile: padding is less than one of 65535.</summary>
    private const int Bits = 24;

    private const long Pad = (One << Bits) / 100_000;

    /// <summary>Fits; <paramref name="uids"/> ascending and above 0 in <paramref name="values"/>. Empty stays empty: who has nothing to say says nothing.</summary>
    /// <param name="uids">Who earned something.</param>
    /// <param name="values">How much, the best 65535.</param>
    /// <param name="own">The validator's uid, -1: none.</param>
    /// <param name="count">Uids of the subnet.</param>
    /// <param name="minAllowed">Least number of weights; more than <paramref name="count"/> is as many.</param>
    /// <param name="maxLimit">Largest share of the sum, of 65535; 65535 limits nothing.</param>
    public static FittedWeights Fit(ImmutableArray<ushort> uids, ImmutableArray<ushort> values, int own, int count, int minAllowed, ushort maxLimit)
    {
        if (uids.Length == 0)
        {
            return new FittedWeights([], [], 0, 0);
        }

        var least = Math.Min(Math.Max(minAllowed, LeastFor(maxLimit)), count);
        var weights = Enumerable.Range(0, uids.Length).ToDictionary(i => (int)uids[i], i => (long)values[i] << Bits);
        var earned = weights.Count;
        if (earned < least)
        {
            foreach (var uid in Enumerable.Range(0, count).Where(uid => uid != own))
            {
                weights[uid] = weights.GetValueOrDefault(uid) + Pad;
            }

            if (weights.Count < least && own >= 0 && own < count)
            {
                weights[own] = weights.GetValueOrDefault(own) + Pad;
            }
        }

        int[] order = [.. weights.Keys.Order()];
        var level = LevelOf([.. weights.Values.Order()], maxLimit);
        return new FittedWeights(
            [.. order.Select(static uid => (ushort)uid)], [.. order.Select(uid => Scaled(weights[uid], level))], weights.Count - earned, weights.Values.Count(w => w > level));
    }

    /// <summary>So many equal weights keep to the limit.</summary>
    private static int LeastFor(ushort limit) => limit == 0 ? int.MaxValue : (int)((One + limit - 1) / limit);

    /// <summary>The highest level at which everything above it, cut off there, has no more than the limit of what is left.</summary>
    /// <param name="ascending">All weights.</param>
    /// <param name="limit">Of 65535.</param>
    private static long LevelOf(long[] ascending, ushort limit)
    {
        var sum = ascending.Aggregate((Int128)0, static (total, w) => total + w);
        if (limit == ushort.MaxValue || (Int128)ascending[^1] * One <= sum * limit)
        {
            return ascending[^1];
        }

        // So many are cut off, from the largest down; below are the rest with their sum.
        for (var cut = 1; cut < ascending.Length; cut++)
        {
            sum -= ascending[^cut];
            var left = One - ((long)limit * cut);
            if (left > 0 && sum * limit / left is var level && level >= ascending[ascending.Length - cut - 1])
            {
                return (long)level;
            }
        }

        // Not even equal ones keep to it, or no others do.
        return ascending[0];
    }

    /// <summary>Rounded up: a smaller sum of the others would be over the limit.</summary>
    private static ushort Scaled(long weight, long level) => weight >= level ? ushort.MaxValue : (ushort)(((Int128)weight * One + level - 1) / level);
}
