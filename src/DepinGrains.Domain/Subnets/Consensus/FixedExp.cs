namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>
/// Exponential and sigmoid in I64F64 (raw value · 2⁶⁴) without floating point: the Taylor series, reciprocal for negative arguments.
/// Source: the method of <c>substrate_fixed::transcendental::exp</c>, which the root network of 2024 uses; <c>root_vectors.json</c> holds its results.
/// </summary>
public static class FixedExp
{
    /// <summary>1.0.</summary>
    public static readonly UInt128 One = (UInt128)1 << 64;

    /// <summary>Arguments beyond ± this give e^± this: e⁴³ still fits 63 whole bits.</summary>
    private const int ArgumentMax = 43;

    /// <summary>e^<paramref name="raw"/>.</summary>
    public static UInt128 Exp(Int128 raw)
    {
        var size = UInt128.Min((UInt128)Int128.Abs(raw), One * ArgumentMax);
        var (sum, term) = (One + size, size);
        for (var i = 2u; term != 0; i++)
        {
            term = Mul(term, size) / i;
            sum += term;
        }

        return Int128.IsNegative(raw) ? Reciprocal(sum) : sum;
    }

    /// <summary>1/(1 + e^−<paramref name="raw"/>).</summary>
    public static UInt128 Sigmoid(Int128 raw) => Reciprocal(One + Exp(-raw));

    /// <summary>floor(a·b); the result must fit 64 whole bits.</summary>
    public static UInt128 Mul(UInt128 a, UInt128 b)
    {
        var (highA, lowA, highB, lowB) = (a >> 64, (UInt128)(ulong)a, b >> 64, (UInt128)(ulong)b);
        return ((highA * highB) << 64) + (highA * lowB) + (lowA * highB) + ((lowA * lowB) >> 64);
    }

    /// <summary>floor(1/value), value ≥ 1.</summary>
    private static UInt128 Reciprocal(UInt128 value) => value == One ? One : UInt128.MaxValue / value;
}
