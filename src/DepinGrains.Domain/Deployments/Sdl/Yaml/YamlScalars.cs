using System.Globalization;
using System.Text.RegularExpressions;

namespace DepinGrains.Domain.Deployments.Sdl.Yaml;

/// <summary>
/// What a plain scalar means. Akash reads SDL with js-yaml 4, that is YAML 1.2's core schema with timestamps and merge keys: <c>yes</c>, <c>on</c> and <c>off</c> are text,
/// <c>017</c> is seventeen, <c>0o17</c> is fifteen, <c>1_000</c> is text.
/// </summary>
internal static partial class YamlScalars
{
    /// <summary>A plain scalar without a tag.</summary>
    public static YamlNode Plain(string text, int line, int column)
    {
        if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            return new YamlNode(YamlKind.Null, line, column) { Text = text };
        }

        if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
        {
            return new YamlNode(YamlKind.Bool, line, column) { Text = text, Flag = text[0] is 't' or 'T' };
        }

        if (TryNumber(text, out var number))
        {
            return new YamlNode(YamlKind.Number, line, column) { Text = text, Number = number };
        }

        var kind = text.Length < 64 && char.IsAsciiDigit(text[0]) && Timestamp().IsMatch(text) ? YamlKind.Timestamp : YamlKind.Text;
        return new YamlNode(kind, line, column) { Text = text, IsMerge = text == "<<" };
    }

    public static bool TryNumber(string text, out double number)
    {
        number = 0;
        var first = text[0];
        if (!char.IsAsciiDigit(first) && first is not ('-' or '+' or '.'))
        {
            return false;
        }

        return TryRadix(text, out number) || TryFloat(text, out number);
    }

    private static bool TryRadix(string text, out double number)
    {
        number = 0;
        var negative = text[0] == '-';
        var body = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        if (body.Length < 3 || body[0] != '0')
        {
            return false;
        }

        var radix = body[1] switch { 'b' => 2, 'o' => 8, 'x' => 16, _ => 0 };
        if (radix == 0)
        {
            return false;
        }

        foreach (var c in body[2..])
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= radix)
            {
                return false;
            }

            number = (number * radix) + digit;
        }

        number = negative ? -number : number;
        return double.IsFinite(number);
    }

    private static bool TryFloat(string text, out double number)
    {
        number = 0;
        if (text.Length == 4 || text.Length == 5)
        {
            switch (text)
            {
                case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                    number = double.PositiveInfinity;
                    return true;
                case "-.inf" or "-.Inf" or "-.INF":
                    number = double.NegativeInfinity;
                    return true;
                case ".nan" or ".NaN" or ".NAN":
                    number = double.NaN;
                    return true;
            }
        }

        return Float().IsMatch(text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);
    }

    [GeneratedRegex(@"^(?:[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Float();

    [GeneratedRegex(@"^[0-9]{4}-(?:[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Timestamp();
}
