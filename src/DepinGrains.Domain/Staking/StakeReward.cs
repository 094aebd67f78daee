namespace DepinGrains.Domain.Staking;

/// <summary>What one hotkey's earnings add to its two accounts, minor units.</summary>
public readonly record struct StakeReward(long Own, long Pool)
{
    /// <summary>
    /// Splits earnings between the owner's stake and the delegators' pool: the take first, the rest by stake before this payout, the pool's part rounded down, the dust the owner's. Own + Pool is what came in.
    /// Source: <see cref="DelegationPayout"/> with all delegators as one. Inside the pool everybody has part by shares; where upstream rounds every delegator down at every payout and gives the fractions to the
    /// owner, here they stay in the pool: a delegator is never behind upstream's number by more than the one minor unit its fraction has not reached yet. Counting what the pool holds beyond whole stakes
    /// as the owner's, <c>delegation_vectors.json</c> holds to the unit.
    /// </summary>
    /// <param name="own">The owner's stake before.</param>
    /// <param name="pool">The delegators' stake before.</param>
    /// <param name="take">Of 65535.</param>
    /// <param name="mining">Earned otherwise than by stake (incentive): the owner's.</param>
    /// <param name="validating">Earned by stake (dividends, inflation).</param>
    /// <param name="hasDelegators">False when nobody holds shares: then what is in the pool is the owner's as well.</param>
    public static StakeReward Split(long own, long pool, int take, long mining, long validating, bool hasDelegators = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(own);
        ArgumentOutOfRangeException.ThrowIfNegative(pool);
        ArgumentOutOfRangeException.ThrowIfNegative(mining);
        ArgumentOutOfRangeException.ThrowIfNegative(validating);
        var all = checked(mining + validating);
        if (pool == 0 || !hasDelegators)
        {
            return new StakeReward(all, 0);
        }

        var rest = (ulong)validating - DelegationPayout.Taken((ushort)take, (ulong)validating);
        var delegated = (long)DelegationPayout.Part((ulong)pool, (UInt128)(ulong)own + (ulong)pool, rest);
        return new StakeReward(all - delegated, delegated);
    }
}
