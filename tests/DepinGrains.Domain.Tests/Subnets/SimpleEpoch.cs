using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Yuma1 written plainly on dense matrices, step by step as in reference/bittensor.md: slow, and the judge of the kernel on random subnets.</summary>
internal sealed record SimpleEpoch
{
    public required long[] Stake { get; init; }

    public required long[] Active { get; init; }

    public required long[][] Weights { get; init; }

    public required long[] Preranks { get; init; }

    public required long[] Consensus { get; init; }

    public required long[][] Clipped { get; init; }

    public required long[] ValidatorTrust { get; init; }

    /// <summary>Before they are normalised to <see cref="Incentive"/>.</summary>
    public required long[] Ranks { get; init; }

    public required long[] Trust { get; init; }

    public required long[] Incentive { get; init; }

    /// <summary>Bonds of before, as shares of their columns.</summary>
    public required long[][] OldBonds { get; init; }

    /// <summary>Stake times clipped weights.</summary>
    public required long[][] Bought { get; init; }

    public required long[][] BoughtShares { get; init; }

    /// <summary>The moving average, as shares of columns.</summary>
    public required long[][] Moved { get; init; }

    public required long[] Dividends { get; init; }

    /// <summary>As stored: the column's largest is the whole.</summary>
    public required long[][] Bonds { get; init; }

    public required long[] Combined { get; init; }

    public static SimpleEpoch Run(EpochInputs inputs, EpochParameters parameters)
    {
        var count = inputs.Count;
        var total = inputs.Stakes.Aggregate(UInt128.Zero, static (sum, s) => sum + s);
        long[] stake = [.. inputs.Stakes.Select(s => total == 0 ? 0 : (long)(((UInt128)s << 32) / total))];
        var active = FixedMatrix.Normalized([.. stake.Select((s, i) => inputs.LastUpdate[i] + parameters.ActivityCutoff < inputs.Block || !inputs.Permits[i] ? 0 : s)]);
        var weights = FixedMatrix.NormalizeRows(FixedMatrix.Map(Dense(inputs.Weights), (i, j, w) =>
            inputs.Permits[i] && i != j && inputs.LastUpdate[i] > inputs.RegisteredAt[j] ? I32F32.From(w) : 0));
        var consensus = FixedMatrix.Medians(active, weights, count, I32F32.Div(I32F32.From(parameters.Kappa), I32F32.From(65535)));
        var preranks = FixedMatrix.Project(weights, active, count);
        var clipped = FixedMatrix.ClipColumns(weights, consensus);
        var ranks = FixedMatrix.Project(clipped, active, count);
        var incentive = FixedMatrix.Normalized(ranks);
        var old = FixedMatrix.NormalizeColumns(FixedMatrix.Map(Dense(inputs.Bonds), (i, j, b) => inputs.LastUpdate[i] > inputs.RegisteredAt[j] ? I32F32.From(b) : 0));
        var alpha = I32F32.One - (long)(((UInt128)parameters.BondsMovingAverage << 32) / 1_000_000);
        var bought = FixedMatrix.ScaleRows(clipped, active);
        var shares = FixedMatrix.NormalizeColumns(bought);
        var moved = FixedMatrix.NormalizeColumns(FixedMatrix.Average(shares, old, alpha));
        var dividends = FixedMatrix.Normalized(FixedMatrix.Apply(moved, incentive));
        long[] both = [.. incentive.Zip(dividends, static (i, d) => i + d)];
        return new SimpleEpoch
        {
            Stake = stake, Active = active, Weights = weights, Preranks = preranks, Consensus = consensus, Clipped = clipped, ValidatorTrust = FixedMatrix.RowSums(clipped), Ranks = ranks,
            Trust = [.. ranks.Zip(preranks, static (r, p) => p == 0 ? 0 : I32F32.Div(r, p))], Incentive = incentive, OldBonds = old, Bought = bought, BoughtShares = shares, Moved = moved, Dividends = dividends,
            Bonds = FixedMatrix.UpscaleColumns(moved), Combined = FixedVector.Sum(both) == 0 ? (active.Any(static a => a != 0) ? active : stake) : FixedMatrix.Normalized(both),
        };
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
