namespace DepinGrains.Domain.Subnets.Consensus;

public static partial class YumaEpoch
{
    private static bool KeepsBond(EpochInputs inputs, int uid, int column) => (inputs.PreviousEpochBlock ?? inputs.LastUpdate[uid]) > inputs.RegisteredAt[column];

    /// <summary>Share of new bonds: 1 − moving average, its quotient taken in I64F64 first.</summary>
    private static long Alpha(EpochParameters parameters) => Q32.One - (long)(((UInt128)parameters.BondsMovingAverage << 32) / 1_000_000);

    /// <summary>Step 10: bonds and new bonds as shares of their columns, their moving average, and shares again.</summary>
    private static void MoveBonds(EpochInputs inputs, EpochParameters parameters, EpochWorkspace workspace)
    {
        SumColumns(inputs, workspace);
        var (olds, news, alpha) = (workspace.ReciprocalsA, workspace.ReciprocalsB, Alpha(parameters));
        var sums = workspace.SumsA;
        var (weightColumns, weights) = (workspace.WeightColumns, workspace.Clipped);
        var at = workspace.BondStarts[0] = 0;
        sums.Clear();
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            var columns = inputs.Bonds.Columns(uid);
            var values = inputs.Bonds.Values(uid);
            var stake = workspace.ActiveStake[uid];
            var (w, end, b) = (workspace.RowStarts[uid], workspace.RowStarts[uid + 1], 0);
            while (b < columns.Length || w < end)
            {
                var column = Next(columns, b, weightColumns, w, end);
                var bond = 0L;
                if (b < columns.Length && columns[b] == column)
                {
                    bond = KeepsBond(inputs, uid, column) ? Q32.Mul(Q32.One - alpha, olds[column].Of(values[b])) : 0;
                    b++;
                }

                if (w < end && weightColumns[w] == column)
                {
                    bond += Q32.Mul(alpha, news[column].Of(Q32.Mul(weights[w++], stake)));
                }

                if (bond != 0)
                {
                    workspace.BondColumns[at] = (ushort)column;
                    workspace.Bonds[at++] = bond;
                    sums[column] += bond;
                }
            }

            workspace.BondStarts[uid + 1] = at;
        }
    }

    /// <summary>Sums of the columns of old bonds (whole numbers) and of stake times weight.</summary>
    private static void SumColumns(EpochInputs inputs, EpochWorkspace workspace)
    {
        var old = workspace.SumsA;
        var fresh = workspace.SumsB;
        old.Clear();
        fresh.Clear();
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            var columns = inputs.Bonds.Columns(uid);
            var values = inputs.Bonds.Values(uid);
            var stake = workspace.ActiveStake[uid];
            for (var k = 0; k < columns.Length; k++)
            {
                old[columns[k]] += KeepsBond(inputs, uid, columns[k]) ? values[k] : 0;
            }

            for (var k = workspace.RowStarts[uid]; k < workspace.RowStarts[uid + 1]; k++)
            {
                fresh[workspace.WeightColumns[k]] += Q32.Mul(workspace.Clipped[k], stake);
            }
        }

        Invert(old, workspace.ReciprocalsA);
        Invert(fresh, workspace.ReciprocalsB);
    }

    private static void Invert(ReadOnlySpan<long> sums, Reciprocal[] reciprocals)
    {
        for (var column = 0; column < sums.Length; column++)
        {
            reciprocals[column] = new Reciprocal(sums[column]);
        }
    }

    /// <summary>The lower of the next columns of both rows.</summary>
    private static int Next(ReadOnlySpan<ushort> columns, int b, ushort[] weightColumns, int w, int end) =>
        Math.Min(b < columns.Length ? columns[b] : int.MaxValue, w < end ? weightColumns[w] : int.MaxValue);

    /// <summary>The last part of step 10 and step 11: bonds as shares of their columns, dividends as the incentive those shares earn.</summary>
    private static void PayByBond(EpochWorkspace workspace)
    {
        var incentive = workspace.Ranks;
        var shares = workspace.ReciprocalsA;
        Invert(workspace.SumsA, shares);
        for (var uid = 0; uid < incentive.Length; uid++)
        {
            var dividend = 0L;
            for (var k = workspace.BondStarts[uid]; k < workspace.BondStarts[uid + 1]; k++)
            {
                var column = workspace.BondColumns[k];
                var bond = shares[column].Of(workspace.Bonds[k]);
                workspace.Bonds[k] = bond;
                dividend += Q32.Mul(bond, incentive[column]);
            }

            workspace.Dividends[uid] = dividend;
        }
    }

    /// <summary>
    /// Step 14: Yuma1 stores bonds scaled to their column's largest, Yuma3 as they are. A row is stored with the new permit, emptied when the permit is lost, and left alone otherwise.
    /// </summary>
    private static SparseRows StoreBonds(EpochInputs inputs, bool[] permits, EpochParameters parameters, EpochWorkspace workspace)
    {
        var starts = new int[inputs.Count + 1];
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            starts[uid + 1] = starts[uid]
                + (permits[uid] ? workspace.BondStarts[uid + 1] - workspace.BondStarts[uid] : inputs.Permits[uid] ? 0 : inputs.Bonds.Columns(uid).Length);
        }

        var (columns, values) = (new ushort[starts[^1]], new ushort[starts[^1]]);
        var upscale = parameters.Version == YumaVersion.Yuma1;
        if (upscale)
        {
            FindLargest(workspace);
        }

        for (var uid = 0; uid < inputs.Count; uid++)
        {
            var (at, first, length) = (starts[uid], workspace.BondStarts[uid], starts[uid + 1] - starts[uid]);
            if (!permits[uid])
            {
                inputs.Bonds.Columns(uid)[..length].CopyTo(columns.AsSpan(at));
                inputs.Bonds.Values(uid)[..length].CopyTo(values.AsSpan(at));
                continue;
            }

            for (var k = 0; k < length; k++)
            {
                var (column, bond) = (workspace.BondColumns[first + k], workspace.Bonds[first + k]);
                columns[at + k] = column;
                values[at + k] = Q32.ToU16(upscale ? workspace.ReciprocalsB[column].Of(bond) : bond);
            }
        }

        return SparseRows.Trusted(starts, columns, values);
    }

    private static void FindLargest(EpochWorkspace workspace)
    {
        var largest = workspace.SumsB;
        largest.Clear();
        var end = workspace.BondStarts[largest.Length];
        for (var k = 0; k < end; k++)
        {
            ref var most = ref largest[workspace.BondColumns[k]];
            most = Math.Max(most, workspace.Bonds[k]);
        }

        Invert(largest, workspace.ReciprocalsB);
    }
}
