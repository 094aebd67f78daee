using System.Globalization;
using System.Text;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>Numbers as JavaScript reads and prints them: Akash's own tools are JavaScript, and the manifest hash is taken of what they print.</summary>
public static class JsNumber
{
    /// <summary>The text of <c>String(value)</c>: ECMA-262 Number::toString, radix 10.</summary>
    public static string ToText(double value)
    {
        if (double.IsNaN(value))
        {
            return "NaN";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "Infinity" : "-Infinity";
        }

        if (value == 0)
        {
            return "0";
        }

        // .NET's "E16" is not the shortest; "R" is, in one of several layouts, so take its digits and exponent only.
        var (digits, point) = ShortestDigits(Math.Abs(value));
        var text = new StringBuilder(value < 0 ? "-" : "");
        var k = digits.Length;
        if (k <= point && point <= 21)
        {
            text.Append(digits).Append('0', point - k);
        }
        else if (point is > 0 and <= 21)
        {
            text.Append(digits, 0, point).Append('.').Append(digits, point, k - point);
        }
        else if (point is > -6 and <= 0)
        {
            text.Append("0.").Append('0', -point).Append(digits);
        }
        else
        {
            text.Append(digits[0]);
            if (k > 1)
            {
                text.Append('.').Append(digits, 1, k - 1);
            }

            text.Append('e').Append(point - 1 < 0 ? '-' : '+').Append(Math.Abs(point - 1).ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>The same digits without an exponent: <c>1e-7</c> is <c>0.0000001</c>. Not for NaN or infinities, which come out as their names.</summary>
    public static string ToPlainText(double value)
    {
        if (!double.IsFinite(value) || value == 0)
        {
            return ToText(value);
        }

        var (digits, point) = ShortestDigits(Math.Abs(value));
        var sign = value < 0 ? "-" : "";
        return point <= 0 ? $"{sign}0.{new string('0', -point)}{digits}"
            : point >= digits.Length ? $"{sign}{digits}{new string('0', point - digits.Length)}"
            : $"{sign}{digits[..point]}.{digits[point..]}";
    }

    /// <summary><c>parseFloat</c> of digits and dots: reads up to the second dot; NaN when there is no digit.</summary>
    public static double ParseFloat(ReadOnlySpan<char> text)
    {
        var dot = text.IndexOf('.');
        if (dot >= 0)
        {
            var second = text[(dot + 1)..].IndexOf('.');
            text = second < 0 ? text : text[..(dot + 1 + second)];
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;
    }

    /// <summary>Digits without leading or trailing zeros, and where the decimal point stands: value = 0.digits × 10^point.</summary>
    private static (string Digits, int Point) ShortestDigits(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = 0;
        var e = text.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var point = (dot < 0 ? text.Length : dot) + exponent;
        var digits = dot < 0 ? text : text.Remove(dot, 1);
        var zeros = digits.Length - digits.TrimStart('0').Length;
        return (digits[zeros..].TrimEnd('0'), point - zeros);
    }
}
