namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// When the rows behind the journal are built. A calm ledger builds them after every commit. A busy one lets them grow old first, for rows of many batches, sorted, cost a fraction of
/// the same rows batch by batch. A burst above <see cref="LedgerOptions.IndexDeferRate"/> keeps the processor to itself until the rows that wait reach <see cref="LedgerOptions.IndexDeferMax"/>;
/// from there on they are built without a pause and the ledger is braked, the more the further they fall behind, so that it never comes to <see cref="LedgerOptions.IndexLagMax"/> by itself.
/// </summary>
internal sealed class IndexPolicy(LedgerOptions options)
{
    private static readonly TimeSpan BrakeMost = TimeSpan.FromMilliseconds(100);

    /// <summary>Transfers per second over the last tick.</summary>
    public long Rate { get; set; }

    /// <summary>Whether to begin now. Begun, a run goes on to where the journal ended when it began.</summary>
    /// <param name="waiting">Transfers without rows.</param>
    /// <param name="age">How long the oldest of them has waited.</param>
    /// <param name="tick">True when <see cref="Rate"/> has just been measured.</param>
    public bool IsTime(long waiting, TimeSpan age, bool tick) =>
        waiting >= options.IndexDeferMax
        || (Rate <= options.IndexAtOnceRate && (tick || waiting <= options.IndexAtOnceRate))
        || (Rate <= options.IndexDeferRate && age >= options.IndexAge);

    /// <summary>How long the next journal batch waits so that the rows can follow; nothing below <see cref="LedgerOptions.IndexDeferMax"/>.</summary>
    public TimeSpan Brake(long waiting)
    {
        var (free, most) = ((long)options.IndexDeferMax, (long)options.IndexLagMax);
        return waiting <= free || most <= free ? TimeSpan.Zero : BrakeMost * Math.Min(1.0, (double)(waiting - free) / (most - free));
    }
}
