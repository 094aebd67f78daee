namespace DepinGrains.Domain.Subnets.Consensus;

public static partial class YumaEpoch
{
    /// <summary>Step 5: weights of permitted validators, without those toward themselves and toward uids registered since; rows normalised.</summary>
    private static void LoadWeights(EpochInputs inputs, EpochWorkspace workspace)
    {
        var (starts, kept, weights) = (workspace.RowStarts, workspace.WeightColumns, workspace.Weights);
        var at = starts[0] = 0;
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            if (inputs.Permits[uid])
            {
                var columns = inputs.Weights.Columns(uid);
                var values = inputs.Weights.Values(uid);
                var (updated, sum, first) = (inputs.LastUpdate[uid], 0L, at);
                for (var k = 0; k < columns.Length; k++)
                {
                    if (columns[k] != uid && values[k] != 0 && updated > inputs.RegisteredAt[columns[k]])
                    {
                        kept[at] = columns[k];
                        weights[at++] = values[k];
                        sum += values[k];
                    }
                }

                // (w·2³²)/(Σw·2³²) in the reference: the same quotient without the common factor.
                var share = new Reciprocal(sum);
                for (var k = first; k < at; k++)
                {
                    weights[k] = share.Of(weights[k]);
                }
            }

            starts[uid + 1] = at;
        }
    }

    /// <summary>Steps 6 and 9: sum over validators of stake times weight.</summary>
    private static void Project(EpochWorkspace workspace, long[] weights, Span<long> sums)
    {
        var stakes = workspace.ActiveStake;
        var (starts, columns) = (workspace.RowStarts, workspace.WeightColumns);
        for (var uid = 0; uid < stakes.Length; uid++)
        {
            var stake = stakes[uid];
            for (var k = starts[uid]; k < starts[uid + 1] && stake != 0; k++)
            {
                sums[columns[k]] += Q32.Mul(weights[k], stake);
            }
        }
    }

    /// <summary>Step 7: the stake-weighted median of each column; validators that gave no weight scored 0.</summary>
    private static void FindConsensus(EpochParameters parameters, EpochWorkspace workspace)
    {
        var stakes = workspace.MedianStake;
        var voters = 0;
        for (var uid = 0; uid < stakes.Length; uid++)
        {
            stakes[uid] = workspace.ActiveStake[uid];
            voters += stakes[uid] > 0 ? 1 : 0;
        }

        Q32.Normalize(stakes);
        var total = Q32.Sum(stakes);
        var minority = total - I32F32.Proportion(parameters.Kappa);
        Transpose(workspace, stakes);
        var first = 0;
        for (var uid = 0; uid < stakes.Length; uid++)
        {
            var length = workspace.ColumnStarts[uid] - first;
            var silent = total - workspace.SumsA[uid];
            workspace.Consensus[uid] = length < voters && minority < silent
                ? 0
                : WeightedMedian.Select(workspace.ColumnScores.AsSpan(first, length), workspace.ColumnStakes.AsSpan(first, length), minority, silent);
            first += length;
        }
    }

    /// <summary>Scores and stakes of voters by column; <see cref="EpochWorkspace.ColumnStarts"/>[c] becomes the end of column c, SumsA[c] its stake.</summary>
    private static void Transpose(EpochWorkspace workspace, ReadOnlySpan<long> stakes)
    {
        var sums = workspace.SumsA;
        var (starts, columns, weights, ends) = (workspace.RowStarts, workspace.WeightColumns, workspace.Weights, workspace.ColumnStarts);
        ends.AsSpan(0, stakes.Length + 1).Clear();
        for (var uid = 0; uid < stakes.Length; uid++)
        {
            for (var k = starts[uid]; k < starts[uid + 1] && stakes[uid] > 0; k++)
            {
                ends[columns[k] + 1]++;
                sums[columns[k]] += stakes[uid];
            }
        }

        for (var uid = 0; uid < stakes.Length; uid++)
        {
            ends[uid + 1] += ends[uid];
        }

        var (scores, voices) = (workspace.ColumnScores, workspace.ColumnStakes);
        for (var uid = 0; uid < stakes.Length; uid++)
        {
            for (var k = starts[uid]; k < starts[uid + 1] && stakes[uid] > 0; k++)
            {
                var at = ends[columns[k]]++;
                (scores[at], voices[at]) = (weights[k], stakes[uid]);
            }
        }
    }

    /// <summary>Step 8: no weight counts above consensus.</summary>
    private static void Clip(EpochWorkspace workspace)
    {
        var consensus = workspace.Consensus;
        var (starts, columns) = (workspace.RowStarts, workspace.WeightColumns);
        for (var uid = 0; uid < consensus.Length; uid++)
        {
            var sum = 0L;
            for (var k = starts[uid]; k < starts[uid + 1]; k++)
            {
                var clipped = Math.Min(workspace.Weights[k], consensus[columns[k]]);
                workspace.Clipped[k] = clipped;
                sum += clipped;
            }

            workspace.ValidatorTrust[uid] = sum;
        }
    }

    /// <summary>The weights bonds are made of, in place of the clipped ones: (1 − β)·W + β·clipped W.</summary>
    private static void BlendBondWeights(EpochParameters parameters, EpochWorkspace workspace)
    {
        if (parameters.BondsPenalty == ushort.MaxValue)
        {
            return;
        }

        var penalty = I32F32.Proportion(parameters.BondsPenalty);
        var end = workspace.RowStarts[workspace.Stake.Length];
        for (var k = 0; k < end; k++)
        {
            workspace.Clipped[k] = Q32.Mul(Q32.One - penalty, workspace.Weights[k]) + Q32.Mul(penalty, workspace.Clipped[k]);
        }
    }
}
