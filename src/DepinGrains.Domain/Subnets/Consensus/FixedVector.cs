namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>
/// Vector functions of the reference on raw <see cref="I32F32"/> values, written for clarity; the epoch's kernel is a faster form of the same arithmetic.
/// Source: subtensor a13316c42 <c>pallets/subtensor/src/math.rs</c>, 163 vectors in <c>math_vectors.json</c>.
/// </summary>
public static class FixedVector
{
    private static readonly long Threshold = I32F32.From(32768);
    private static readonly long U16Max = I32F32.From(ushort.MaxValue);

    /// <summary>The sum, saturating.</summary>
    public static long Sum(ReadOnlySpan<long> values)
    {
        var sum = 0L;
        foreach (var value in values)
        {
            sum = I32F32.Add(sum, value);
        }

        return sum;
    }

    /// <summary>Divides each by the sum; unchanged when that is 0.</summary>
    public static void Normalize(Span<long> values) => NormalizeBySum(values, Sum(values));

    /// <summary>Divides each by <paramref name="sum"/>; unchanged when that is 0.</summary>
    public static void NormalizeBySum(Span<long> values, long sum)
    {
        if (sum == 0)
        {
            return;
        }

        foreach (ref var value in values)
        {
            value = I32F32.Div(value, sum);
        }
    }

    /// <summary>a/b, 0 where b is 0.</summary>
    public static long[] Divide(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        var result = new long[a.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = b[i] == 0 ? 0 : I32F32.Div(a[i], b[i]);
        }

        return result;
    }

    /// <summary>Scales so that the largest becomes 65535, rounding half away from zero; all 0 when the largest is 0.</summary>
    public static ushort[] MaxUpscale(ReadOnlySpan<long> values)
    {
        var max = 0L;
        foreach (var value in values)
        {
            max = Math.Max(max, value);
        }

        var result = new ushort[values.Length];
        for (var i = 0; i < result.Length && max != 0; i++)
        {
            // Above the threshold the product would leave 32 whole bits, so the reference divides first.
            result[i] = I32F32.RoundToU16(max > Threshold
                ? I32F32.Mul(values[i], I32F32.Div(U16Max, max))
                : I32F32.Div(I32F32.Mul(values[i], U16Max), max));
        }

        return result;
    }

    /// <summary><see cref="MaxUpscale(ReadOnlySpan{long})"/> of whole numbers, as weights are stored.</summary>
    public static ushort[] MaxUpscale(ReadOnlySpan<ushort> values)
    {
        var wide = new long[values.Length];
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] = I32F32.From(values[i]);
        }

        return MaxUpscale(wide);
    }

    /// <summary>Whether the largest value's share of the sum is at most <paramref name="limit"/>/65535; true when the sum is 0.</summary>
    public static bool IsMaxLimited(ReadOnlySpan<ushort> values, ushort limit)
    {
        var (sum, max) = (0L, 0L);
        foreach (var value in values)
        {
            sum += value;
            max = Math.Max(max, value);
        }

        return sum == 0 || I32F32.Div(I32F32.From(max), I32F32.From(sum)) <= I32F32.Proportion(limit);
    }

    /// <summary>Marks the <paramref name="k"/> largest; of equal values the highest index wins (the reference's stable ascending sort drops the first n − k).</summary>
    public static bool[] TopK(ReadOnlySpan<long> values, int k)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        var keys = values.ToArray();
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        var marked = new bool[values.Length];
        for (var i = Math.Max(0, values.Length - k); i < values.Length; i++)
        {
            marked[order[i]] = true;
        }

        return marked;
    }
}
