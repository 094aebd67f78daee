namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>How a provider bids for itself.</summary>
/// <param name="Concurrency">Orders priced at once.</param>
/// <param name="Precision">Decimals of a price.</param>
/// <param name="Deposit">Held with each bid, minor units.</param>
/// <param name="ReclaimWindowSeconds">The notice offered to orders that ask for one; 0 = such orders are skipped.</param>
/// <param name="CheckCapacity">Skip what would not fit on the own nodes now.</param>
/// <param name="Withdraw">Take open bids back at the end.</param>
/// <param name="BidLifetime">A bid nobody took by then is taken back (Akash: 5 minutes); zero = never.</param>
internal sealed record BidderOptions(
    int Concurrency, int Precision, long Deposit, long ReclaimWindowSeconds, bool CheckCapacity, bool Withdraw, TimeSpan BidLifetime)
{
    /// <summary>Orders that wait for a free place; beyond it the feed is read no further for a while.</summary>
    public const int QueueMax = 1_000;
}
