namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>
/// The stake-weighted median that makes consensus: the smallest score whose cumulative stake, from the lowest score up, exceeds the minority; the largest score when none does.
/// Source: subtensor a13316c42 <c>math.rs weighted_median</c>, a quick-select over the integral of stake; docs/consensus.md.
/// </summary>
public static class WeightedMedian
{
    /// <summary>
    /// Selects in place; both spans are reordered. The pivot is the middle element as in the reference, with a sort behind it when pivots are bad, so that no weights can make an epoch quadratic.
    /// </summary>
    /// <param name="scores">Raw I32F32 scores.</param>
    /// <param name="stakes">Raw I32F32 stake of each score, > 0.</param>
    /// <param name="minority">Stake that may stay below the median.</param>
    /// <param name="below">Stake already known to lie below every score here.</param>
    /// <returns>The median's score; 0 without scores.</returns>
    public static long Select(Span<long> scores, Span<long> stakes, long minority, long below)
    {
        var budget = 2 * (32 - int.LeadingZeroCount(scores.Length));
        while (scores.Length > 1)
        {
            if (budget-- == 0)
            {
                return Scan(scores, stakes, minority, below);
            }

            var pivot = scores[scores.Length / 2];
            var (lower, upper, lowerStake, equalStake) = Partition(scores, stakes, pivot);
            if (lower > 0 && minority < below + lowerStake)
            {
                scores = scores[..lower];
                stakes = stakes[..lower];
            }
            else if (minority < below + lowerStake + equalStake || upper == scores.Length)
            {
                return pivot;
            }
            else
            {
                below += lowerStake + equalStake;
                scores = scores[upper..];
                stakes = stakes[upper..];
            }
        }

        return scores.IsEmpty ? 0 : scores[0];
    }

    /// <summary>Three parts: below the pivot, equal, above; answers where the second and third begin and the stake of the first two.</summary>
    private static (int Lower, int Upper, long LowerStake, long EqualStake) Partition(Span<long> scores, Span<long> stakes, long pivot)
    {
        var (lower, at, upper) = (0, 0, scores.Length);
        var (lowerStake, equalStake) = (0L, 0L);
        while (at < upper)
        {
            var score = scores[at];
            if (score < pivot)
            {
                lowerStake += stakes[at];
                (scores[lower], scores[at]) = (score, scores[lower]);
                (stakes[lower], stakes[at]) = (stakes[at], stakes[lower]);
                lower++;
                at++;
            }
            else if (score > pivot)
            {
                upper--;
                (scores[upper], scores[at]) = (score, scores[upper]);
                (stakes[upper], stakes[at]) = (stakes[at], stakes[upper]);
            }
            else
            {
                equalStake += stakes[at++];
            }
        }

        return (lower, upper, lowerStake, equalStake);
    }

    private static long Scan(Span<long> scores, Span<long> stakes, long minority, long below)
    {
        scores.Sort(stakes);
        for (var i = 0; i < scores.Length; i++)
        {
            below += stakes[i];
            if (minority < below)
            {
                return scores[i];
            }
        }

        return scores[^1];
    }
}
