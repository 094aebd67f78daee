namespace DepinGrains.Domain.Subnets.Consensus;

public static partial class YumaEpoch
{
    /// <summary>
    /// Yuma3: each bond decays by its alpha and buys alpha times its weight, never beyond 1. Bonds are stored as value·65535.
    /// Source: subtensor 14bc6f9f9 <c>run_epoch.rs compute_bonds</c>; targets in <c>yuma3_vectors.json</c>.
    /// </summary>
    private static void MoveBondsAlone(EpochInputs inputs, EpochParameters parameters, EpochWorkspace workspace)
    {
        var rate = new BondRate(workspace.Consensus.ContainsAnyExcept(0L) ? parameters.LiquidAlpha : null, Alpha(parameters));
        var sums = workspace.SumsA;
        var (weightColumns, weights) = (workspace.WeightColumns, workspace.Clipped);
        var at = workspace.BondStarts[0] = 0;
        sums.Clear();
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            var columns = inputs.Bonds.Columns(uid);
            var values = inputs.Bonds.Values(uid);
            var (w, end, b) = (workspace.RowStarts[uid], workspace.RowStarts[uid + 1], 0);
            while (b < columns.Length || w < end)
            {
                var column = Next(columns, b, weightColumns, w, end);
                var (bond, weight) = (0L, 0L);
                if (b < columns.Length && columns[b] == column)
                {
                    bond = KeepsBond(inputs, uid, column) ? I32F32.Proportion(values[b]) : 0;
                    b++;
                }

                if (w < end && weightColumns[w] == column)
                {
                    weight = weights[w++];
                }

                var alpha = rate.Of(weight, bond, workspace.Consensus[column]);
                var kept = Q32.Mul(Q32.One - alpha, bond);
                bond = kept + Math.Min(Q32.Mul(alpha, weight), Q32.One - kept);
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

    /// <summary>Yuma3's dividends: the incentive a validator's share of bonds earns, times its stake.</summary>
    private static void PayByBondAndStake(EpochWorkspace workspace)
    {
        var incentive = workspace.Ranks;
        var shares = workspace.ReciprocalsA;
        Invert(workspace.SumsA, shares);
        for (var uid = 0; uid < incentive.Length; uid++)
        {
            var earned = 0L;
            for (var k = workspace.BondStarts[uid]; k < workspace.BondStarts[uid + 1]; k++)
            {
                earned += Q32.Mul(shares[workspace.BondColumns[k]].Of(workspace.Bonds[k]), incentive[workspace.BondColumns[k]]);
            }

            workspace.Dividends[uid] = Q32.Mul(earned, workspace.ActiveStake[uid]);
        }
    }

    /// <summary>Alpha of a bond: fixed, or liquid: low + sigmoid(steepness·(d − 1/2))·(high − low), d = how far it buys above, or sells below, what is agreed.</summary>
    private struct BondRate(LiquidAlpha? liquid, long plain)
    {
        private long _distance = -1;
        private long _alpha;

        public long Of(long weight, long bond, long consensus)
        {
            if (liquid is null)
            {
                return plain;
            }

            var distance = Math.Clamp(weight >= bond ? weight - consensus : bond - weight, 0, Q32.One);
            if (distance != _distance)
            {
                var slope = (Int128)liquid.Steepness * (distance - I32F32.Half) / 100;
                var sigmoid = (long)(FixedExp.Sigmoid(slope << 32) >> 32);
                (_distance, _alpha) = (distance, Math.Clamp(liquid.Low + Q32.Mul(sigmoid, liquid.High - liquid.Low), liquid.Low, liquid.High));
            }

            return _alpha;
        }
    }
}
