using System.Globalization;

namespace DepinGrains.Domain.Escrow;

/// <summary>Decimal numbers with exactly 18 places in an <see cref="Int128"/> of atoms (10⁻¹⁸): ± 1.7 · 10²⁰ whole units, so any <see cref="long"/> amount fits.</summary>
public static class FixedPoint18
{
    /// <summary>Decimal places.</summary>
    public const int Decimals = 18;

    /// <summary>Atoms of one whole unit.</summary>
    public static readonly Int128 One = 1_000_000_000_000_000_000;

    private const int WholeDigitsMax = 19;

    /// <summary>Reads <c>digits[.digits]</c>: no sign, exponent, blank or more than 18 decimals; at most 19 whole digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Int128 atoms)
    {
        atoms = 0;
        var dot = text.IndexOf('.');
        var whole = dot < 0 ? text : text[..dot];
        var fraction = dot < 0 ? [] : text[(dot + 1)..];
        if (whole.Length is 0 or > WholeDigitsMax || fraction.Length > Decimals || (dot >= 0 && fraction.IsEmpty))
        {
            return false;
        }

        return Append(whole, ref atoms) && Append(fraction, ref atoms) && Scale(Decimals - fraction.Length, ref atoms);
    }

    /// <summary>The shortest exact decimal text.</summary>
    public static string Format(Int128 atoms)
    {
        var negative = atoms < 0;
        var (whole, rest) = UInt128.DivRem((UInt128)Int128.Abs(atoms), (UInt128)One);
        var text = whole.ToString(CultureInfo.InvariantCulture);
        if (rest != 0)
        {
            text += "." + rest.ToString(CultureInfo.InvariantCulture).PadLeft(Decimals, '0').TrimEnd('0');
        }

        return negative ? "-" + text : text;
    }

    private static bool Append(ReadOnlySpan<char> digits, ref Int128 value)
    {
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            value = (value * 10) + (c - '0');
        }

        return true;
    }

    private static bool Scale(int places, ref Int128 value)
    {
        for (var i = 0; i < places; i++)
        {
            value *= 10;
        }

        return true;
    }
}
