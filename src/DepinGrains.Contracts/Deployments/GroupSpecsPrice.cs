using System.Globalization;

namespace DepinGrains.Contracts.Deployments;

/// <summary>The most one replica may cost per block.</summary>
/// <param name="Denom"><c>uact</c>, <c>uakt</c> or an <c>ibc/…</c> name.</param>
/// <param name="Amount">Minor units, a decimal with up to 18 fractional digits and no trailing zeros, e.g. <c>1000</c> or <c>0.25</c>; never negative.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.unit_price.v1")]
public sealed record UnitPrice([property: Id(0)] string Denom, [property: Id(1)] string Amount)
{
    /// <summary>Fractional digits kept.</summary>
    public const int Digits = 18;

    /// <summary>10^18: what a scaled amount of 1 minor unit is.</summary>
    public static readonly Int128 Scale = (Int128)1_000_000_000_000_000_000L;

    /// <summary>The amount times 10^18, exact.</summary>
    public Int128 ScaledE18 => TryScale(Amount, out var scaled) ? scaled : throw new InvalidOperationException($"Amount {Amount} is not a decimal of 18 digits.");

    /// <summary>The amount with all 18 fractional digits, e.g. <c>1000.000000000000000000</c>, as Akash prints it.</summary>
    public string AmountE18()
    {
        var (whole, fraction) = Int128.DivRem(ScaledE18, Scale);
        return string.Create(CultureInfo.InvariantCulture, $"{whole}.{fraction:D18}");
    }

    /// <summary>Makes a price from a non-negative decimal text; false when it is no decimal, has more than 18 fractional digits, or is 10^20 or more.</summary>
    public static bool TryCreate(string denom, string text, out UnitPrice? price)
    {
        price = null;
        if (!TryScale(text, out var scaled))
        {
            return false;
        }

        var (whole, fraction) = Int128.DivRem(scaled, Scale);
        var tail = fraction.ToString("D18", CultureInfo.InvariantCulture).TrimEnd('0');
        var head = whole.ToString(CultureInfo.InvariantCulture);
        price = new UnitPrice(denom, tail.Length == 0 ? head : $"{head}.{tail}");
        return true;
    }

    private static bool TryScale(string text, out Int128 scaled)
    {
        scaled = 0;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var head = dot < 0 ? text.AsSpan() : text.AsSpan(0, dot);
        var tail = dot < 0 ? default : text.AsSpan(dot + 1).TrimEnd('0');
        head = head.TrimStart('0');
        if (text.Length == 0 || dot == 0 || dot == text.Length - 1 || head.Length > 20 || tail.Length > Digits)
        {
            return false;
        }

        Int128 value = 0;
        foreach (var digit in head)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        for (var i = 0; i < Digits; i++)
        {
            var digit = i < tail.Length ? tail[i] : '0';
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        scaled = value;
        return true;
    }
}
