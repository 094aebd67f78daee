using System.Globalization;

namespace DepinGrains.Cli.Common;

/// <summary>Amounts as people write them: <c>2.5 ACT</c> is 2,500,000 uact, <c>2.5 TAO</c> is 2,500,000,000 rao; <c>500000 uact</c> is itself.</summary>
public static class Amounts
{
    private const decimal Million = 1_000_000m;
    private const decimal RaoPerTao = 1_000_000_000m;
    private const string Tao = "TAO";
    private const string Rao = "rao";

    /// <summary>Minor units; throws <see cref="ApiException"/> for what is no amount.</summary>
    public static long Parse(string amount, string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (!decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            throw new ApiException("amount.invalid", $"not an amount: {amount}");
        }

        var minor = token == Tao ? value * RaoPerTao : char.IsUpper(token[0]) ? value * Million : value;
        return minor == decimal.Truncate(minor) && minor is > 0 and <= long.MaxValue ? (long)minor : throw new ApiException("amount.invalid", $"not a whole number of minor units: {amount} {token}");
    }

    /// <summary>The denomination of a symbol.</summary>
    public static string Denom(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return token == Tao ? Rao : char.IsUpper(token[0]) ? "u" + token.ToLowerInvariant() : token;
    }

    /// <summary>Minor units for people: <c>1.234567 ACT</c>.</summary>
    public static string Show(long minor, string denom)
    {
        ArgumentNullException.ThrowIfNull(denom);
        return denom == Rao ? string.Create(CultureInfo.InvariantCulture, $"{minor / RaoPerTao:0.#########} {Tao}")
            : denom.StartsWith('u') ? string.Create(CultureInfo.InvariantCulture, $"{minor / Million:0.######} {denom[1..].ToUpperInvariant()}") : $"{minor} {denom}";
    }
}
