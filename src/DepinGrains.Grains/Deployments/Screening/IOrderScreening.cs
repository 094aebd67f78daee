using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>What is screened: an order's group, its slots and the most it may cost.</summary>
public sealed record ScreeningRequest(string OrderId, string Owner, GroupSpec Spec, ImmutableArray<PlannedSlot> Slots, string Denom, Rate Ceiling, long ReclaimMinSeconds);

/// <summary>What of an order a provider would run on one node.</summary>
public sealed record NodeOffer(string Node, NodeDemand Demand);

/// <summary>A managed bid that could be made: advisory, the nodes' books decide.</summary>
public sealed record ManagedOffer(string Provider, Rate Price, long Score, ImmutableArray<NodeOffer> Nodes)
{
    /// <summary>The reclamation window the bid offers, seconds; 0 when the order asks for none.</summary>
    public long ReclaimWindowSeconds { get; init; }
}

/// <summary>The outcome: offers from the cheapest on, reasons of all others.</summary>
public sealed record ScreeningOutcome(
    ImmutableArray<ManagedOffer> Offers,
    ImmutableArray<ScreeningVerdict> Verdicts,
    ImmutableArray<Fact> Counts,
    int Considered,
    bool ExternalBidders)
{
    /// <summary>The same, with the reason of offers that were not taken: others are cheaper, of which this is the dearest.</summary>
    public ScreeningOutcome Outpriced(IReadOnlyCollection<ManagedOffer> passed, Rate bar) => passed.Count == 0 ? this : this with
    {
        Verdicts = ScreeningVerdicts.Keep([.. passed.Select(o => ScreeningVerdicts.Outpriced(o.Provider, bar, o.Price)), .. Verdicts]),
        Counts = ScreeningVerdicts.Count([], Counts.Select(static f => (f.Name, int.Parse(f.Value, CultureInfo.InvariantCulture))).Append((ScreeningVerdicts.OutpricedRule, passed.Count))),
    };
}

/// <summary>Finds who could bid for an order, and says why the others could not.</summary>
public interface IOrderScreening
{
    /// <summary>Screens one order against every provider and node known.</summary>
    Task<ScreeningOutcome> ScreenAsync(ScreeningRequest request, CancellationToken cancel = default);

    /// <summary>Where one provider, bidding by itself, would run the order; refused with the same reasons as screening gives.</summary>
    Task<Result<ManagedOffer>> PlaceAsync(ScreeningRequest request, string provider, Rate price);
}
