using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Staking;

/// <summary>
/// All stake behind one validator, with its rewards as one running number per unit of stake: paying a million delegators is one addition.
/// Source: "F1 fee distribution" (Ojha, Cosmos), without slashing. What a division leaves waits for the next reward, so nobody is ever paid too much and at most one minor unit too late. Amounts are minor units; the index is Q64 per unit.
/// </summary>
/// <param name="Total">Stake.</param>
/// <param name="Index">Rewards per unit of stake since the beginning, Q64.</param>
/// <param name="Carry">What the division left, Q64 minor units, added to the next reward.</param>
/// <param name="Waiting">Rewards that came while nobody had stake; the first who stakes shares them.</param>
public sealed record StakePool(long Total, UInt128 Index, UInt128 Carry, long Waiting)
{
    /// <summary>Nobody yet.</summary>
    public static readonly StakePool Empty = new(0, 0, 0, 0);

    /// <summary>After a reward for all.</summary>
    public StakePool Reward(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        var all = checked(Waiting + amount);
        if (Total == 0)
        {
            return this with { Waiting = all };
        }

        var wide = ((UInt128)(ulong)all << 64) + Carry;
        return this with { Index = checked(Index + (wide / (ulong)Total)), Carry = wide % (ulong)Total, Waiting = 0 };
    }

    /// <summary>After the validator's commission: its part (rounded down) and the pool with the rest.</summary>
    /// <param name="amount">Minor units.</param>
    /// <param name="commissionMillionths">0…1,000,000.</param>
    public (StakePool Pool, long Commission) Reward(long amount, int commissionMillionths)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(commissionMillionths);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(commissionMillionths, 1_000_000);
        var commission = (long)((Int128)amount * commissionMillionths / 1_000_000);
        return (Reward(amount - commission), commission);
    }

    /// <summary>After a delegation grew. Refuses <c>staking.amount_invalid</c>.</summary>
    public Result<StakeChange> Delegate(Delegation delegation, long amount)
    {
        ArgumentNullException.ThrowIfNull(delegation);
        return amount <= 0 || amount > long.MaxValue - Total
            ? Refusal.Of("staking.amount_invalid", $"cannot stake {amount}", ("amount", amount))
            : Change(delegation, amount);
    }

    /// <summary>After a delegation shrank. Refuses <c>staking.amount_invalid</c>, <c>staking.not_enough_stake</c>.</summary>
    public Result<StakeChange> Undelegate(Delegation delegation, long amount)
    {
        ArgumentNullException.ThrowIfNull(delegation);
        return amount <= 0 ? Refusal.Of("staking.amount_invalid", $"cannot unstake {amount}", ("amount", amount))
            : amount > delegation.Stake ? Refusal.Of("staking.not_enough_stake", $"cannot unstake {amount}: {delegation.Stake} is staked", ("amount", amount), ("stake", delegation.Stake))
            : Change(delegation, -amount);
    }

    /// <summary>The delegation with its rewards up to now in <see cref="Delegation.Earned"/>.</summary>
    public Delegation Settle(Delegation delegation)
    {
        ArgumentNullException.ThrowIfNull(delegation);
        var wide = ((UInt128)(ulong)delegation.Stake * (Index - delegation.Index)) + delegation.Fraction;
        return delegation with { Index = Index, Earned = checked(delegation.Earned + (long)(wide >> 64)), Fraction = (ulong)wide };
    }

    /// <summary>Rewards first, then the stake: nobody shares in what was paid before. What waited for the first stake is shared at once.</summary>
    private StakeChange Change(Delegation delegation, long amount)
    {
        var settled = Settle(delegation);
        return new StakeChange((this with { Total = Total + amount }).Reward(0), settled with { Stake = settled.Stake + amount });
    }
}

/// <summary>One delegator's stake with a validator.</summary>
/// <param name="Stake">Minor units.</param>
/// <param name="Index">The pool's index up to which rewards are in <paramref name="Earned"/>.</param>
/// <param name="Fraction">Of a minor unit, Q64.</param>
/// <param name="Earned">Rewards not yet withdrawn.</param>
public sealed record Delegation(long Stake, UInt128 Index, ulong Fraction, long Earned)
{
    /// <summary>Someone new.</summary>
    public static readonly Delegation None = new(0, 0, 0, 0);

    /// <summary>After withdrawing everything earned.</summary>
    public (Delegation Delegation, long Amount) Withdraw() => (this with { Earned = 0 }, Earned);
}

/// <summary>Both sides of a change of stake.</summary>
public sealed record StakeChange(StakePool Pool, Delegation Delegation);
