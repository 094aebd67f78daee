namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>
/// The reference's signed fixed point with 32 fraction bits, as raw <see cref="long"/> (value · 2³²): products round down, quotients toward zero, everything saturates.
/// Source: subtensor a13316c42 (2024-04-15) uses <c>substrate_fixed::I32F32</c>; where that would overflow (it never does for valid input) we saturate, as later versions do.
/// </summary>
public static class I32F32
{
    /// <summary>1.0.</summary>
    public const long One = 1L << 32;

    /// <summary>1/2, for rounding half away from zero.</summary>
    public const long Half = 1L << 31;

    /// <summary>A whole number.</summary>
    public static long From(long whole) => Saturate((Int128)whole << 32);

    /// <summary>value/65535, the proportion a u16 stands for.</summary>
    public static long Proportion(ushort value) => (long)(((ulong)value << 32) / ushort.MaxValue);

    /// <summary>floor(a·b).</summary>
    public static long Mul(long a, long b) => Saturate(((Int128)a * b) >> 32);

    /// <summary>a/b toward zero; <paramref name="b"/> must not be 0.</summary>
    public static long Div(long a, long b) => Saturate(((Int128)a << 32) / b);

    /// <summary>a+b.</summary>
    public static long Add(long a, long b) => Saturate((Int128)a + b);

    /// <summary>floor(value·65535) in 0…65535.</summary>
    public static ushort ToU16Proportion(long raw) => (ushort)Int128.Clamp((Int128)raw * ushort.MaxValue >> 32, 0, ushort.MaxValue);

    /// <summary>The nearest whole number in 0…65535, halves away from zero.</summary>
    public static ushort RoundToU16(long raw) => (ushort)Int128.Clamp(((Int128)raw + Half) >> 32, 0, ushort.MaxValue);

    private static long Saturate(Int128 wide) => wide > long.MaxValue ? long.MaxValue : wide < long.MinValue ? long.MinValue : (long)wide;
}
