using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Yuma1 written plainly on dense matrices, step by step as in reference/bittensor.md: slow, and the judge of the kernel on random subnets.</summary>
internal static class SimpleEpoch
{
    public static (long[] Incentive, long[] Dividends, long[][] Bonds, long[] Combined, long[] Consensus) Run(EpochInputs inputs, EpochParameters parameters)
    {
        var count = inputs.Count;
        var total = inputs.Stakes.Aggregate(UInt128.Zero, static (sum, s) => sum + s);
        long[] stake = [.. inputs.Stakes.Select(s => total == 0 ? 0 : (long)(((UInt128)s << 32) / total))];
        var active = FixedMatrix.Normalized([.. stake.Select((s, i) => inputs.LastUpdate[i] + parameters.ActivityCutoff < inputs.Block || !inputs.Permits[i] ? 0 : s)]);
        var weights = FixedMatrix.NormalizeRows(FixedMatrix.Map(Dense(inputs.Weights), (i, j, w) =>
            inputs.Permits[i] && i != j && inputs.LastUpdate[i] > inputs.RegisteredAt[j] ? I32F32.From(w) : 0));
        var consensus = FixedMatrix.Medians(active, weights, count, I32F32.Div(I32F32.From(parameters.Kappa), I32F32.From(65535)));
        var clipped = FixedMatrix.ClipColumns(weights, consensus);
        var incentive = FixedMatrix.Normalized(FixedMatrix.Project(clipped, active, count));
        var old = FixedMatrix.NormalizeColumns(FixedMatrix.Map(Dense(inputs.Bonds), (i, j, b) => inputs.LastUpdate[i] > inputs.RegisteredAt[j] ? I32F32.From(b) : 0));
        var alpha = I32F32.One - (long)(((UInt128)parameters.BondsMovingAverage << 32) / 1_000_000);
        var bonds = FixedMatrix.NormalizeColumns(FixedMatrix.Average(FixedMatrix.NormalizeColumns(FixedMatrix.ScaleRows(clipped, active)), old, alpha));
        var dividends = FixedMatrix.Normalized(FixedMatrix.Apply(bonds, incentive));
        long[] both = [.. incentive.Zip(dividends, static (i, d) => i + d)];
        var combined = FixedVector.Sum(both) == 0 ? (active.Any(static a => a != 0) ? active : stake) : FixedMatrix.Normalized(both);
        return (incentive, dividends, FixedMatrix.UpscaleColumns(bonds), combined, consensus);
    }

    private static long[][] Dense(SparseRows rows) => [.. Enumerable.Range(0, rows.Rows).Select(row =>
    {
        var full = new long[rows.Rows];
        for (var k = 0; k < rows.Columns(row).Length; k++)
        {
            full[rows.Columns(row)[k]] = rows.Values(row)[k];
        }

        return full;
    })];
}
