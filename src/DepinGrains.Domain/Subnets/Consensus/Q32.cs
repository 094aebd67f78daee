using System.Runtime.CompilerServices;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>The kernel's form of <see cref="I32F32"/> for values in 0…1 (up to a little above), where nothing is negative and nothing saturates.</summary>
internal static class Q32
{
    public const long One = I32F32.One;

    /// <summary>floor(a·b) for 0 ≤ a, b; the product of two ones needs 65 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Mul(long a, long b)
    {
        var high = Math.BigMul((ulong)a, (ulong)b, out var low);
        return (long)((high << 32) | (low >> 32));
    }

    /// <summary>floor(a/b) for 0 ≤ a, 0 &lt; b.</summary>
    public static long Div(long a, long b) => (ulong)a >> 32 == 0 ? (long)(((ulong)a << 32) / (ulong)b) : (long)(((UInt128)(ulong)a << 32) / (ulong)b);

    /// <summary>floor(value·65535), at most 65535.</summary>
    public static ushort ToU16(long value) => (ushort)Math.Min((ulong)value * ushort.MaxValue >> 32, ushort.MaxValue);

    /// <summary>Divides each by their sum; unchanged when that is 0.</summary>
    public static void Normalize(Span<long> values)
    {
        var sum = Sum(values);
        if (sum == 0)
        {
            return;
        }

        foreach (ref var value in values)
        {
            value = Div(value, sum);
        }
    }

    public static long Sum(ReadOnlySpan<long> values)
    {
        var sum = 0L;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum;
    }
}

/// <summary>Many exact quotients by one divisor: a multiplication and a correction instead of a division (Granlund and Montgomery 1994, in its simplest form).</summary>
/// <param name="divisor">0 counts as 1: the reference leaves columns that sum to 0 alone, and they hold only zeros.</param>
internal readonly struct Reciprocal(long divisor)
{
    private readonly ulong _divisor = divisor == 0 ? 1 : (ulong)divisor;
    private readonly ulong _factor = divisor == 0 ? ulong.MaxValue : ulong.MaxValue / (ulong)divisor;

    /// <summary>floor(a·2³²/divisor), a ≥ 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Of(long a)
    {
        if ((ulong)a >> 32 != 0)
        {
            return Q32.Div(a, (long)_divisor);
        }

        var wide = (ulong)a << 32;
        var quotient = Math.BigMul(wide, _factor, out _);
        var rest = wide - (quotient * _divisor);
        while (rest >= _divisor)
        {
            quotient++;
            rest -= _divisor;
        }

        return (long)quotient;
    }
}
