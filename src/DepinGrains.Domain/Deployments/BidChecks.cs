using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Deployments;

/// <summary>
/// Everything a bid must pass, in the order Akash publishes (lifecycle.json create_bid_checks_in_order). Mended: the cap is exact, a closed bid does not block another,
/// and offered sizes are checked.
/// </summary>
public static class BidChecks
{
    /// <summary>Null when the bid is good, else the first rule it breaks, with the numbers.</summary>
    public static Refusal? WhyNot(BidCandidate bid, BidOrder order, Bidder bidder, BidRules rules) => WhyNotTerms(bid, order, rules) ?? WhyNotBidder(bid, order, bidder, rules);

    /// <summary>The first half: what can be told from bid and order alone.</summary>
    public static Refusal? WhyNotTerms(BidCandidate bid, BidOrder order, BidRules rules) =>
        Deposit(bid, rules)
        ?? Count(order, rules)
        ?? (bid.Bseq == 0 ? null : Refusal.Of("bid.bseq_invalid", $"bseq is 0, not {bid.Bseq}", ("bseq", bid.Bseq)))
        ?? OrderOpen(order)
        ?? Price(bid, order)
        ?? OfferChecks.WhyNot(bid.Offer, order.Group);

    /// <summary>The second half: who bids, with what room and money, and what it did before.</summary>
    public static Refusal? WhyNotBidder(BidCandidate bid, BidOrder order, Bidder bidder, BidRules rules) =>
        bidder.Unfit
        ?? Registered(bid, bidder)
        ?? AttributeMatching.WhyNot(OrderTerms.Requirements(order.Group), bidder.Attributes, bidder.Signatures)
        ?? (bidder.CheckCapabilities ? CapabilityMatching.WhyNot(OrderTerms.Demand(order.Group), bidder.Attributes) : null)
        ?? (bidder.DepositFound >= bid.Deposit ? null : Unfunded(bid, bidder))
        ?? Reclamation(bid, order, rules)
        ?? Earlier(bid, order, rules);

    private static Refusal? Deposit(BidCandidate bid, BidRules rules)
    {
        foreach (var (denom, least) in rules.MinDeposits)
        {
            if (denom == bid.DepositDenom)
            {
                return bid.Deposit >= least
                    ? null
                    : Refusal.Of("bid.deposit_too_small", $"a deposit of {bid.Deposit}{denom} is below {least}{denom}", ("wanted", least), ("had", bid.Deposit), ("denom", denom));
            }
        }

        return Refusal.Of(
            "bid.deposit_denom",
            $"deposits are in {string.Join(", ", rules.MinDeposits.Select(static m => m.Key))}, not {bid.DepositDenom}",
            ("denom", bid.DepositDenom));
    }

    /// <summary>Live bids only: closing a bid frees its place, and how often one provider may try is limited by itself.</summary>
    private static Refusal? Count(BidOrder order, BidRules rules)
    {
        var live = order.Bids.Count(static b => b.Status is BidStatus.Open or BidStatus.Active);
        return live < rules.BidsMax
            ? null
            : Refusal.Of("bid.order_full", $"the order has {live} bids of at most {rules.BidsMax}", ("had", live), ("max", rules.BidsMax));
    }

    private static Refusal? OrderOpen(BidOrder order) => order.Status switch
    {
        null => Refusal.Of("order.not_found", "there is no such order"),
        OrderStatus.Open => null,
        { } status => Refusal.Of("order.not_open", $"the order is {status.ToString().ToLowerInvariant()}", ("status", status)),
    };

    private static Refusal? Price(BidCandidate bid, BidOrder order)
    {
        if (bid.Price <= Rate.Zero || bid.Price > Rate.Max)
        {
            return Refusal.Of("bid.price_invalid", $"a price is above zero and at most {Rate.Max}, not {bid.Price}", ("price", bid.Price), ("max", Rate.Max));
        }

        if (bid.Denom != order.Denom)
        {
            return Refusal.Of("bid.denom_mismatch", $"the order is priced in {order.Denom}, the bid in {bid.Denom}", ("wanted", order.Denom), ("had", bid.Denom));
        }

        return bid.Price <= order.Ceiling
            ? null
            : Refusal.Of(
                "bid.price_above_ceiling",
                $"{bid.Price}{bid.Denom} a block is above the order's {order.Ceiling}{order.Denom}",
                ("wanted", order.Ceiling),
                ("had", bid.Price),
                ("denom", order.Denom));
    }

    private static Refusal? Registered(BidCandidate bid, Bidder bidder) => bidder switch
    {
        { Registered: false } => Refusal.Of("provider.not_found", $"{bid.Provider} is not registered as a provider", ("provider", bid.Provider)),
        { Maintenance: true } => Refusal.Of("provider.maintenance", $"{bid.Provider} is in maintenance", ("provider", bid.Provider)),
        _ => null,
    };

    private static Refusal Unfunded(BidCandidate bid, Bidder bidder) => Refusal.Of(
        "bid.deposit_unfunded",
        $"a deposit of {bid.Deposit}{bid.DepositDenom} found {bidder.DepositFound}",
        ("wanted", bid.Deposit),
        ("had", bidder.DepositFound),
        ("denom", bid.DepositDenom));

    private static Refusal? Reclamation(BidCandidate bid, BidOrder order, BidRules rules)
    {
        var offered = bid.ReclaimWindowSeconds;
        if (offered == 0)
        {
            return order.ReclaimMinSeconds == 0
                ? null
                : Refusal.Of("bid.reclamation_required", $"the order wants a reclamation window of at least {order.ReclaimMinSeconds} s", ("wanted", order.ReclaimMinSeconds), ("had", 0));
        }

        if (offered < rules.ReclaimMinSeconds || offered > rules.ReclaimMaxSeconds)
        {
            return Refusal.Of(
                "bid.reclamation_out_of_bounds",
                $"a reclamation window is {rules.ReclaimMinSeconds} to {rules.ReclaimMaxSeconds} s, not {offered}",
                ("min", rules.ReclaimMinSeconds),
                ("max", rules.ReclaimMaxSeconds),
                ("had", offered));
        }

        return offered >= order.ReclaimMinSeconds
            ? null
            : Refusal.Of("bid.reclamation_too_short", $"the order wants a reclamation window of at least {order.ReclaimMinSeconds} s, offered {offered}", ("wanted", order.ReclaimMinSeconds), ("had", offered));
    }

    private static Refusal? Earlier(BidCandidate bid, BidOrder order, BidRules rules)
    {
        var own = order.Bids.Where(b => b.Provider == bid.Provider).ToArray();
        if (own.Any(static b => b.Status != BidStatus.Closed))
        {
            return Refusal.Of("bid.exists", $"{bid.Provider} has a bid for this order; close it first", ("provider", bid.Provider));
        }

        return own.Length < rules.AttemptsMax
            ? null
            : Refusal.Of("bid.attempts_max", $"{bid.Provider} has bid {own.Length} times for this order", ("had", own.Length), ("max", rules.AttemptsMax));
    }
}
