using System.Globalization;
using System.Numerics;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Providers;

/// <summary>Non-negative decimals with 20 places and no upper bound: what <c>bc -l</c> computes with. Division truncates.</summary>
internal readonly record struct Decimal20(BigInteger Units)
{
    public const int Places = 20;

    /// <summary>Powers of ten, for every number of places there is.</summary>
    private static readonly BigInteger[] Tens = [.. Enumerable.Range(0, Places + 1).Select(static n => BigInteger.Pow(10, n))];

    private static readonly BigInteger Scale = Tens[Places];

    public static Decimal20 Of(long whole) => new(whole * Scale);

    public static Decimal20 Of(Rate rate) => new((BigInteger)rate.Atoms * 100);

    /// <summary>whole / divisor, rounded half up to <paramref name="places"/> decimals.</summary>
    public static Decimal20 Ratio(BigInteger whole, BigInteger divisor, int places)
    {
        var rounded = ((whole * Tens[places] * 2) + divisor) / (2 * divisor);
        return new Decimal20(rounded * Tens[Places - places]);
    }

    /// <summary>A plain decimal of at most 18 places, see <see cref="FixedPoint18"/>.</summary>
    public static bool TryParse(string text, out Decimal20 value)
    {
        var ok = FixedPoint18.TryParse(text, out var atoms);
        value = new Decimal20((BigInteger)atoms * 100);
        return ok;
    }

    /// <summary>Reads text that was checked before.</summary>
    public static Decimal20 Parse(string text) => TryParse(text, out var value) ? value : throw new FormatException($"not a plain decimal: {text}");

    public static Decimal20 operator +(Decimal20 a, Decimal20 b) => new(a.Units + b.Units);

    public static Decimal20 operator *(Decimal20 a, Decimal20 b) => new(a.Units * b.Units / Scale);

    public static Decimal20 operator *(Decimal20 a, long b) => new(a.Units * b);

    public static Decimal20 operator /(Decimal20 a, Decimal20 b) => new(a.Units * Scale / b.Units);

    public static Decimal20 operator /(Decimal20 a, long b) => new(a.Units / b);

    public static bool operator >(Decimal20 a, Decimal20 b) => a.Units > b.Units;

    public static bool operator <(Decimal20 a, Decimal20 b) => a.Units < b.Units;

    /// <summary>Rounded half up to some places, all of them printed, as <c>printf "%.6f"</c> does.</summary>
    public string Format(int places)
    {
        var rounded = Round(places).Units / Tens[Places - places];
        var digits = rounded.ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return places == 0 ? digits : digits[..^places] + "." + digits[^places..];
    }

    /// <summary>Rounded half up to some places.</summary>
    public Decimal20 Round(int places)
    {
        var step = Tens[Places - places];
        return new Decimal20((Units + (step / 2)) / step * step);
    }

    /// <summary>The shortest exact text.</summary>
    public override string ToString() => Format(Places).TrimEnd('0').TrimEnd('.');
}
