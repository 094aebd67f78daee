using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Oracle;

namespace DepinGrains.Domain.Credits;

/// <summary>
/// Conversions between a token and credit worth one dollar (ACT). Every division rounds down once, at the end, so a conversion gives at most what its price says, and less by below one
/// minor unit; there and back never gives more than was given in.
/// </summary>
public static class CreditMath
{
    /// <summary>Credit for a token: ⌊amount · price · (1 − spread)⌋; <paramref name="decimals"/> are the token's, the credit has <paramref name="creditDecimals"/>.</summary>
    public static Result<long> Buy(long amount, int decimals, int creditDecimals, long priceE8, int spreadBps) =>
        Scale(amount, priceE8, PriceFeed.One, 10_000 - spreadBps, creditDecimals - decimals);

    /// <summary>A token for credit: ⌊credit ÷ price · (1 − spread)⌋.</summary>
    public static Result<long> Sell(long credit, int decimals, int creditDecimals, long priceE8, int spreadBps) =>
        Scale(credit, PriceFeed.One, priceE8, 10_000 - spreadBps, decimals - creditDecimals);

    /// <summary>What <paramref name="vault"/> minor units are worth in credit, rounded down, without a spread.</summary>
    public static Int128 Worth(long vault, int decimals, int creditDecimals, long priceE8) =>
        (Int128)vault * priceE8 / PriceFeed.One * Pow10(Math.Max(0, creditDecimals - decimals)) / Pow10(Math.Max(0, decimals - creditDecimals));

    /// <summary>Collateral in basis points of what is outstanding, at most 1,000,000; that as well when nothing is outstanding.</summary>
    public static long CollateralBps(Int128 worth, long outstanding) =>
        outstanding <= 0 ? 1_000_000 : (long)Int128.Min(1_000_000, worth * 10_000 / outstanding);

    private static Result<long> Scale(long amount, long times, long over, int keepBps, int shift)
    {
        if (amount <= 0)
        {
            return Refusal.Of("act.amount_invalid", $"an amount is a positive number of minor units, not {amount}", ("amount", amount));
        }

        // 2^63 · 2^47 · 10^4 is the largest: more than 128 bits with a shift, so this is arithmetic without bounds and the result is checked.
        var value = (System.Numerics.BigInteger)amount * times * keepBps * System.Numerics.BigInteger.Pow(10, Math.Max(0, shift))
            / ((System.Numerics.BigInteger)over * 10_000 * System.Numerics.BigInteger.Pow(10, Math.Max(0, -shift)));
        return value > long.MaxValue / 2
            ? Refusal.Of("act.amount_max", $"{amount} would give more than a ledger holds", ("amount", amount))
            : (long)value;
    }

    private static Int128 Pow10(int exponent)
    {
        Int128 value = 1;
        for (var i = 0; i < exponent; i++)
        {
            value *= 10;
        }

        return value;
    }
}
