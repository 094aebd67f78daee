using System.Collections.Immutable;

namespace DepinGrains.Domain.Escrow;

/// <summary>The network's share of a withdrawal.</summary>
public static class TakeFee
{
    /// <summary>Basis points of the whole: 100 %.</summary>
    public const int BasisPointsMax = 10_000;

    /// <summary>Splits a withdrawal: fee = truncate(amount · bps / 10,000), the rest is earned (Akash <c>x/take SubtractFees</c>, there in whole percent).</summary>
    public static (long Fee, long Earnings) Split(long amount, int basisPoints)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfNegative(basisPoints);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(basisPoints, BasisPointsMax);
        var fee = (long)((Int128)amount * basisPoints / BasisPointsMax);
        return (fee, amount - fee);
    }

    /// <summary>
    /// Splits one of a row of withdrawals: fee = ⌊(amount · bps + carry) / 10,000⌋, what the division leaves is the next one's carry. The fees of any row of withdrawals at one rate
    /// are together what the one withdrawal of the sum would pay. Never more than the amount, since the carry is below 10,000.
    /// </summary>
    /// <param name="carry">1/10,000 minor units, 0 to 9,999.</param>
    public static (long Fee, long Earnings, int Carry) Split(long amount, int basisPoints, int carry)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfNegative(basisPoints);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(basisPoints, BasisPointsMax);
        ArgumentOutOfRangeException.ThrowIfNegative(carry);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(carry, BasisPointsMax);
        var (fee, rest) = Int128.DivRem(((Int128)amount * basisPoints) + carry, BasisPointsMax);
        return ((long)fee, amount - (long)fee, (int)rest);
    }
}

/// <summary>One network parameter: from <paramref name="EffectiveFrom"/> on, withdrawals in <paramref name="Currency"/> pay this fee.</summary>
/// <param name="Currency">Minor denomination; <c>*</c> for every currency without an entry of its own.</param>
public readonly record struct TakeFeeEntry(string Currency, int BasisPoints, DateTimeOffset EffectiveFrom);

/// <summary>Fees by currency and time.</summary>
public sealed record TakeFeeSchedule(ImmutableArray<TakeFeeEntry> Entries)
{
    /// <summary>Entry name for "any other currency".</summary>
    public const string AnyCurrency = "*";

    /// <summary>4 % AKT, 20 % anything else (AEP-23, AEP-24), since ever. ACT pays like the token it was minted from: give that token's denomination.</summary>
    public static TakeFeeSchedule Default { get; } = new(
    [
        new TakeFeeEntry("uakt", 400, DateTimeOffset.MinValue),
        new TakeFeeEntry(AnyCurrency, 2_000, DateTimeOffset.MinValue),
    ]);

    /// <summary>The fee in basis points that holds at <paramref name="at"/>; 0 when nothing is set.</summary>
    public int At(string currency, DateTimeOffset at) => Latest(currency, at) ?? Latest(AnyCurrency, at) ?? 0;

    private int? Latest(string currency, DateTimeOffset at)
    {
        TakeFeeEntry? latest = null;
        foreach (var entry in Entries)
        {
            if (entry.Currency == currency && entry.EffectiveFrom <= at && (latest is null || entry.EffectiveFrom >= latest.Value.EffectiveFrom))
            {
                latest = entry;
            }
        }

        return latest?.BasisPoints;
    }
}
