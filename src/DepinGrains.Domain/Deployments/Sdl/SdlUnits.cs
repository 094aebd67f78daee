using System.Globalization;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>The SDL's units. Fractions are allowed, amounts are never negative.</summary>
public static class SdlUnits
{
    private static readonly double[] Decimal = [1e3, 1e6, 1e9, 1e12, 1e15, 1e18];

    private static readonly double[] Binary = [1L << 10, 1L << 20, 1L << 30, 1L << 40, 1L << 50, 1L << 60];

    /// <summary>Thousandths of a core of <c>0.5</c>, <c>100m</c>, <c>2</c>; what is below a thousandth is cut off. False for anything else.</summary>
    public static bool TryCpuMilli(string text, out long milli)
    {
        milli = 0;
        return TryCpu(text, out var value) && TryExact(value, out milli);
    }

    /// <summary>Bytes of <c>512Mi</c>, <c>1.5G</c>, <c>1024</c>: k M G T P E are powers of 1000, Ki … Ei of 1024; rounded up to a whole byte. False for anything else.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        bytes = 0;
        if (text.Length > 0 && char.IsAsciiDigit(text[^1]))
        {
            return IsDecimal(text) && TryExact(Math.Ceiling(JsNumber.ParseFloat(text)), out bytes);
        }

        return TrySize(text, out var value) && TryExact(value, out bytes);
    }

    /// <summary>A GPU's memory: a whole or fractional number with <c>Ki</c> … <c>Ei</c>, nothing else.</summary>
    public static bool IsGpuRam(string text) =>
        text.Length > 2 && text[^1] == 'i' && "KMGTPE".Contains(text[^2], StringComparison.Ordinal) && IsDecimal(text.AsSpan(0, text.Length - 2));

    /// <summary>A price as it may stand in an order: a decimal above zero with up to 18 fractional digits.</summary>
    public static bool TryPrice(string denom, string amount, out UnitPrice? price) =>
        UnitPrice.TryCreate(denom, amount, out price) && price!.ScaledE18 > 0;

    /// <summary>As Akash's JavaScript counts: any letters may follow, a lone <c>m</c> means thousandths; NaN for nonsense such as <c>1.2.3</c> never comes out.</summary>
    internal static bool TryCpu(string text, out double milli)
    {
        milli = 0;
        var digits = LeadingDigits(text);
        if (digits == 0 || !AllLetters(text.AsSpan(digits)))
        {
            return false;
        }

        var value = JsNumber.ParseFloat(text.AsSpan(0, digits));
        milli = text.AsSpan(digits).Equals("m", StringComparison.OrdinalIgnoreCase) ? value : value * 1000;
        return !double.IsNaN(milli);
    }

    /// <summary>As Akash's JavaScript counts: one letter is the prefix, what follows is <c>i</c> for powers of 1024 or else ignored; an unknown prefix counts as 1.</summary>
    internal static bool TrySize(string text, out double bytes)
    {
        bytes = 0;
        var digits = LeadingDigits(text);
        if (digits == 0 || digits == text.Length || !AllLetters(text.AsSpan(digits)))
        {
            return false;
        }

        var power = "kmgtpe".IndexOf(char.ToLowerInvariant(text[digits]), StringComparison.Ordinal);
        var binary = text.AsSpan(digits + 1).Equals("i", StringComparison.OrdinalIgnoreCase);
        var value = JsNumber.ParseFloat(text.AsSpan(0, digits));
        bytes = Math.Ceiling(power < 0 ? value : value * (binary ? Binary : Decimal)[power]);
        return !double.IsNaN(bytes);
    }

    /// <summary>The whole part as it is printed; false when it is negative or does not fit 63 bits.</summary>
    internal static bool TryWhole(double value, out long whole)
    {
        whole = 0;
        if (!(value >= 0 && value < 9.2e18))
        {
            return false;
        }

        // Through the printed text: above 2^53 the manifest shows the shortest digits, and manifest and group must agree.
        return long.TryParse(JsNumber.ToText(Math.Floor(value)), NumberStyles.None, CultureInfo.InvariantCulture, out whole);
    }

    private static bool TryExact(double value, out long whole)
    {
        var fits = value >= 0 && value < 9.2e18;
        whole = fits ? (long)value : 0;
        return fits;
    }

    /// <summary><c>^[0-9]+(\.[0-9]+)?$</c></summary>
    internal static bool IsDecimal(ReadOnlySpan<char> text)
    {
        var dot = text.IndexOf('.');
        return dot < 0 ? AllDigits(text) : AllDigits(text[..dot]) && AllDigits(text[(dot + 1)..]);
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static int LeadingDigits(string text)
    {
        var at = 0;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }

        return at;
    }

    private static bool AllLetters(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiLetter(letter))
            {
                return false;
            }
        }

        return true;
    }
}
