using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>The reference's matrix functions, dense and plain, made of Domain's vector functions: what the vectors are checked through and what the epoch's kernel is compared with.</summary>
internal static class FixedMatrix
{
    public static long[] Column(long[][] matrix, int column) => [.. matrix.Select(row => row[column])];

    public static int Width(long[][] matrix) => matrix.Length == 0 ? 0 : matrix[0].Length;

    public static long[][] Map(long[][] matrix, Func<int, int, long, long> map) => [.. matrix.Select((row, i) => row.Select((v, j) => map(i, j, v)).ToArray())];

    public static long[][] NormalizeRows(long[][] matrix) => [.. matrix.Select(static row => Normalized(row))];

    public static long[][] NormalizeColumns(long[][] matrix) => ByColumn(matrix, static column => Normalized(column));

    public static long[][] UpscaleColumns(long[][] matrix) => ByColumn(matrix, static column =>
    {
        var max = column.Max();
        return max == 0 ? column : [.. column.Select(v => I32F32.Div(v, max))];
    });

    public static long[] RowSums(long[][] matrix) => [.. matrix.Select(static row => FixedVector.Sum(row))];

    public static long[] ColumnSums(long[][] matrix, int width) => [.. Enumerable.Range(0, width).Select(j => FixedVector.Sum(Column(matrix, j)))];

    /// <summary>Σ over rows of row · vector[row].</summary>
    public static long[] Project(long[][] matrix, long[] vector, int width) =>
        [.. Enumerable.Range(0, width).Select(j => FixedVector.Sum([.. matrix.Select((row, i) => I32F32.Mul(row[j], vector[i]))]))];

    /// <summary>Each row · vector; a filled-up row may be longer, its rest is 0.</summary>
    public static long[] Apply(long[][] matrix, long[] vector) => [.. matrix.Select(row => FixedVector.Sum([.. row.Take(vector.Length).Select((v, j) => I32F32.Mul(v, vector[j]))]))];

    public static long[][] ScaleRows(long[][] matrix, long[] vector) => Map(matrix, (i, _, v) => I32F32.Mul(v, vector[i]));

    public static long[][] ClipColumns(long[][] matrix, long[] limits) => Map(matrix, (_, j, v) => j < limits.Length ? Math.Min(v, limits[j]) : v);

    public static long[][] Average(long[][] fresh, long[][] old, long alpha) =>
        Map(fresh, (i, j, v) => I32F32.Add(I32F32.Mul(alpha, v), I32F32.Mul(I32F32.One - alpha, old[i][j])));

    /// <summary>The median of every column, by sorting and prefix sums.</summary>
    public static long[] Medians(long[] stakes, long[][] scores, int width, long majority)
    {
        int[] voters = [.. Enumerable.Range(0, stakes.Length).Where(i => stakes[i] > 0)];
        var normalised = Normalized([.. voters.Select(i => stakes[i])]);
        var minority = FixedVector.Sum(normalised) - majority;
        return [.. Enumerable.Range(0, width).Select(j => BySorting([.. voters.Select(i => scores[i][j])], normalised, minority))];
    }

    public static long BySorting(long[] scores, long[] stakes, long minority)
    {
        var (below, last) = (0L, 0L);
        foreach (var group in scores.Zip(stakes).GroupBy(static p => p.First).OrderBy(static g => g.Key))
        {
            below += group.Sum(static p => p.Second);
            last = group.Key;
            if (minority < below)
            {
                break;
            }
        }

        return last;
    }

    public static long[] Normalized(long[] values)
    {
        var copy = values.ToArray();
        FixedVector.Normalize(copy);
        return copy;
    }

    private static long[][] ByColumn(long[][] matrix, Func<long[], long[]> map)
    {
        long[][] columns = [.. Enumerable.Range(0, Width(matrix)).Select(j => map(Column(matrix, j)))];
        return Map(matrix, (i, j, _) => columns[j][i]);
    }
}
