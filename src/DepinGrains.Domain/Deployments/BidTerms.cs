using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Deployments;

/// <summary>A bid as it arrives.</summary>
/// <param name="Bseq">Reserved, 0.</param>
/// <param name="Offer">Empty: exactly what was asked.</param>
/// <param name="ReclaimWindowSeconds">0: none offered.</param>
public sealed record BidCandidate(
    string Provider,
    Rate Price,
    string Denom,
    long Deposit,
    string DepositDenom,
    int Bseq,
    ImmutableArray<OfferedUnit> Offer,
    long ReclaimWindowSeconds);

/// <summary>A bid already made for the order.</summary>
public readonly record struct EarlierBid(string Provider, BidStatus Status);

/// <summary>The order a bid is for.</summary>
/// <param name="Status">Null: there is no such order.</param>
/// <param name="ReclaimMinSeconds">The tenant's smallest window; 0 = none asked.</param>
public sealed record BidOrder(OrderStatus? Status, GroupSpec Group, Rate Ceiling, string Denom, long ReclaimMinSeconds, ImmutableArray<EarlierBid> Bids);

/// <summary>Who bids.</summary>
/// <param name="DepositFound">What its sources have for the deposit.</param>
/// <param name="CheckCapabilities">False when the backend knows the provider's hardware itself: then its nodes' books decide.</param>
public sealed record Bidder(bool Registered, bool Maintenance, ImmutableArray<Fact> Attributes, ImmutableArray<AttributeSignature> Signatures, long DepositFound, bool CheckCapabilities)
{
    /// <summary>Why screening, which knows the provider's profile and its nodes' room, cannot place the order with it: registration, maintenance, attributes, capabilities. Null when it can.</summary>
    public Refusal? Unfit { get; init; }

    /// <summary>A bidder whom screening has looked at: what is left to check is its money and its other bids.</summary>
    public static Bidder Screened(Refusal? unfit, long depositFound) => new(true, false, [], [], depositFound, false) { Unfit = unfit };
}

/// <summary>Network parameters of bidding.</summary>
/// <param name="MinDeposits">Smallest deposit by currency, minor units.</param>
/// <param name="BidsMax">Bids an order takes: exactly so many.</param>
/// <param name="AttemptsMax">Bids of one provider for one order, closed ones included.</param>
public sealed record BidRules(ImmutableArray<KeyValuePair<string, long>> MinDeposits, int BidsMax, int AttemptsMax, long ReclaimMinSeconds, long ReclaimMaxSeconds)
{
    /// <summary>Akash's defaults (params.json): 0.5 of AKT or ACT, 20 bids, windows of 1 to 720 hours.</summary>
    public static BidRules Default { get; } = new([new("uakt", 500_000), new("uact", 500_000)], 20, 5, 3_600, 2_592_000);
}
