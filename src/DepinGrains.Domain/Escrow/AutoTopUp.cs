using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>A tenant's standing order: keep the account funded.</summary>
/// <param name="BelowBlocks">Acts when fewer blocks than this are funded.</param>
/// <param name="ToBlocks">Deposits enough for this many blocks from now.</param>
/// <param name="AmountMin">Never deposits less than this, minor units.</param>
/// <param name="BudgetLeft">What the order may still spend, minor units.</param>
public sealed record AutoTopUpRule(long BelowBlocks, long ToBlocks, long AmountMin, long BudgetLeft)
{
    /// <summary>
    /// What to deposit at <paramref name="height"/>, 0 for nothing: the money missing for <see cref="ToBlocks"/> blocks rounded up to a whole minor unit,
    /// at least <see cref="AmountMin"/>, at most <see cref="BudgetLeft"/>. A paused account is below any threshold.
    /// </summary>
    public long AmountDue(EscrowAccount account, long height)
    {
        var settled = EscrowSettlement.Settle(account, height);
        var perBlock = settled.RatePerBlock.Atoms;
        if (settled.Status == EscrowStatus.Closed || perBlock == 0 || BudgetLeft <= 0)
        {
            return 0;
        }

        var streamable = settled.Streamable.Atoms;
        if (settled.Status == EscrowStatus.Open && streamable / perBlock >= BelowBlocks)
        {
            return 0;
        }

        // Compared by division: perBlock · ToBlocks may not fit 128 bits.
        var affordableMax = Int128.MaxValue / perBlock;
        var wanted = affordableMax < ToBlocks ? Int128.MaxValue : perBlock * ToBlocks;
        var missing = wanted - streamable;
        var whole = (missing / FixedPoint18.One) + (missing % FixedPoint18.One > 0 ? 1 : 0);
        var amount = Int128.Max(whole, AmountMin);
        return amount <= 0 ? 0 : (long)Int128.Min(amount, BudgetLeft);
    }

    /// <summary>The height at which <see cref="AmountDue"/> may first become positive; null when nothing streams.</summary>
    public long? NextCheckHeight(EscrowAccount account) =>
        EscrowForecast.PredictedRunOut(account) is { } end ? Math.Max(account.SettledAt, end.LastPaidHeight - BelowBlocks + 1) : null;

    /// <summary>The rule after a top-up of <paramref name="amount"/>.</summary>
    public AutoTopUpRule Spent(long amount) => this with { BudgetLeft = checked(BudgetLeft - amount) };
}
