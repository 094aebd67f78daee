using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Deployments;

/// <summary>A bid as the choice of the winner sees it.</summary>
public readonly record struct RankedBid(string Id, Rate Price, long ProviderScore, DateTimeOffset At);

/// <summary>The lowest price wins; at one price the higher provider score, then the earlier bid, then the id.</summary>
public sealed class WinnerChoice : IComparer<RankedBid>
{
    /// <summary>The order of bids, best first.</summary>
    public static WinnerChoice Order { get; } = new();

    /// <summary>The best bid, or null when there is none.</summary>
    public static RankedBid? Best(IEnumerable<RankedBid> bids)
    {
        RankedBid? best = null;
        foreach (var bid in bids)
        {
            best = best is not { } leader || Order.Compare(bid, leader) < 0 ? bid : best;
        }

        return best;
    }

    /// <inheritdoc/>
    public int Compare(RankedBid x, RankedBid y)
    {
        var byPrice = x.Price.CompareTo(y.Price);
        if (byPrice != 0)
        {
            return byPrice;
        }

        var byScore = y.ProviderScore.CompareTo(x.ProviderScore);
        if (byScore != 0)
        {
            return byScore;
        }

        var byTime = x.At.CompareTo(y.At);
        return byTime != 0 ? byTime : string.CompareOrdinal(x.Id, y.Id);
    }
}
