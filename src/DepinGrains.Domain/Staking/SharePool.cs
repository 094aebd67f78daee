using System.Numerics;

namespace DepinGrains.Domain.Staking;

/// <summary>
/// Delegators' stake as shares of one balance: a reward is a credit to the balance and every share is worth more, whoever holds it, with nothing written. Compounding, exact in total: what the shares are worth
/// together is the balance. Rounding is always against whoever comes or goes, below 2⁻⁴⁸ of a minor unit and share; fractions of a minor unit stay in the pool for those who stay.
/// Source: the share pool of ERC-4626 vaults and of subtensor's own <c>share_pool</c> primitive (2025), in integers.
/// </summary>
public static class SharePool
{
    /// <summary>Shares for the first minor unit: 2⁴⁸, so that rounding stays far below one however much a share grows.</summary>
    public const int ScaleBits = 48;

    /// <summary>
    /// A stake is shown, and paid, as a whole number when it is less than this below one: 2⁻²¹, so that who stakes 100 has 100 although shares were rounded. With at most <see cref="DelegatorsMax"/>
    /// delegators the sum of what is shown never exceeds the pool (N · 2⁻²¹ &lt; 1).
    /// </summary>
    private const int ToleranceBits = 21;

    /// <summary>Most delegators of one pool.</summary>
    public const int DelegatorsMax = 1 << (ToleranceBits - 1);

    /// <summary>Shares for a deposit that is in the pool already, rounded down: they are worth the deposit, nothing of what the pool earned up to now.</summary>
    /// <param name="total">Shares before.</param>
    /// <param name="poolAfter">The pool's balance with the deposit, minor units.</param>
    /// <param name="amount">The deposit, minor units.</param>
    public static Int128 Issue(Int128 total, long poolAfter, long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var before = poolAfter - amount;
        return total == 0 || before <= 0 ? (Int128)amount << ScaleBits : (Int128)((BigInteger)amount * (BigInteger)total / before);
    }

    /// <summary>What shares are worth, minor units.</summary>
    public static long Value(Int128 shares, Int128 total, long pool) => total == 0 || shares == 0
        ? 0
        : (long)((((BigInteger)shares * pool << ToleranceBits) + (BigInteger)total) / ((BigInteger)total << ToleranceBits));

    /// <summary>Shares to give up for an amount, rounded up; all of them when it is all they are worth. The amount must not be more.</summary>
    public static Int128 Burn(Int128 shares, Int128 total, long pool, long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var value = Value(shares, total, pool);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, value);
        var needed = (((BigInteger)amount * (BigInteger)total) + pool - 1) / pool;
        return amount == value || needed > (BigInteger)shares ? shares : (Int128)needed;
    }
}
