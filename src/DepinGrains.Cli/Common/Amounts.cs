using System.Globalization;

namespace DepinGrains.Cli.Common;

/// <summary>Amounts as people write them: <c>2.5 ACT</c> is 2,500,000 uact, <c>2.5 TAO</c> is 2,500,000,000 rao; <c>500000 uact</c> is itself.</summary>
public static class Amounts
{
    private const decimal Million = 1_000_000m;
    private const decimal RaoPerTao = 1_000_000_000m;
    private const string Tao = "TAO";
    private const string Rao = "rao";

    /// <summary>USDC as SDLs write it.</summary>
    private const string Usdc = Grains.Ledgers.TokenListOptions.UsdcIbcDenom;

    /// <summary>Minor units; throws <see cref="ApiException"/> for what is no amount.</summary>
    public static long Parse(string amount, string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (!decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            throw new ApiException("amount.invalid", $"not an amount: {amount}");
        }

        // Before it is multiplied: a decimal ends where that many whole tokens are nobody's anyway.
        var minor = value > long.MaxValue ? 0 : value * (token == Tao ? RaoPerTao : token.Length > 0 && char.IsUpper(token[0]) ? Million : 1);
        return minor == decimal.Truncate(minor) && minor is > 0 and <= long.MaxValue
            ? (long)minor
            : throw new ApiException("amount.invalid", $"{amount} {token} is not a whole number of minor units from 1 to {long.MaxValue}");
    }

    /// <summary>Minor units of whole tokens of a denomination: <c>2.5</c> of <c>uact</c> is 2,500,000, of <c>rao</c> 2,500,000,000; of one that names no whole token the number itself.</summary>
    public static long ParseWhole(string amount, string denom)
    {
        ArgumentNullException.ThrowIfNull(denom);
        return Parse(amount, denom == Rao ? Tao : denom.StartsWith('u') || denom == Usdc ? Whole(denom) : denom);
    }

    /// <summary>The denomination of a symbol.</summary>
    public static string Denom(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return token == Tao ? Rao : token.Length > 0 && char.IsUpper(token[0]) ? "u" + token.ToLowerInvariant() : token;
    }

    /// <summary>Minor units for people: <c>1.234567 ACT</c>.</summary>
    public static string Show(long minor, string denom)
    {
        ArgumentNullException.ThrowIfNull(denom);
        return denom == Rao ? string.Create(CultureInfo.InvariantCulture, $"{minor / RaoPerTao:0.#########} {Tao}")
            : denom.StartsWith('u') ? string.Create(CultureInfo.InvariantCulture, $"{minor / Million:0.######} {Whole(denom)}") : $"{minor} {denom}";
    }

    private static string Whole(string denom) => denom == Usdc ? "USDC" : denom[1..].ToUpperInvariant();
}
