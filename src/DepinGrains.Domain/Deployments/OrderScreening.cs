using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Deployments;

/// <summary>
/// Could this provider bid for this order, at what price and on which nodes; and if not, which rule says so? Rules in order: maintenance, attributes and signatures,
/// reclamation, nodes online, room (all or nothing), price. Pure and advisory: bookings are made at the nodes.
/// </summary>
public static class OrderScreening
{
    /// <summary>Screens one provider.</summary>
    public static ProviderScreening Screen(ScreenedOrder order, ScreenedProvider provider)
    {
        if (Unfit(order, provider) is { } unfit)
        {
            return No(provider, [ScreeningVerdicts.Of(provider.Id, null, unfit)]);
        }

        var verdicts = ImmutableArray.CreateBuilder<ScreeningVerdict>();
        var online = ImmutableArray.CreateBuilder<PackingNode>();
        foreach (var node in provider.Nodes)
        {
            if (node.Status == NodeStatus.Online)
            {
                online.Add(new PackingNode(node.Id, node.Free, node.Overcommit, node.Executors));
            }
            else if (verdicts.Count < ScreeningVerdicts.KeptMax)
            {
                verdicts.Add(new ScreeningVerdict(provider.Id, node.Id, "node.not_online", "online", node.Status.ToString().ToLowerInvariant()));
            }
        }

        if (online.Count == 0)
        {
            verdicts.Insert(0, new ScreeningVerdict(provider.Id, null, "provider.no_nodes", "a node online", $"0 of {provider.Nodes.Length}"));
            return No(provider, verdicts.DrainToImmutable());
        }

        var packed = Packing.PlaceSlots(new PackingCluster(online.DrainToImmutable(), [], provider.Ips), order.Slots, order.Terms.LeasedIps, order.Together);
        verdicts.AddRange(packed.Rejections.Select(r => ScreeningVerdicts.Of(provider.Id, r.Node, r.Why)));
        if (packed.Refusal is { } noRoom)
        {
            verdicts.Insert(0, ScreeningVerdicts.Of(provider.Id, null, noRoom));
            return No(provider, verdicts.DrainToImmutable());
        }

        return Price(order, provider, packed.Placements, verdicts);
    }

    /// <summary>What a provider would ask for an order, whether it has room or not.</summary>
    public static ProviderPrice Price(ScreenedOrder order, ScreenedProvider provider)
    {
        if (Unfit(order, provider) is { } unfit)
        {
            return new ProviderPrice(null, unfit.Code);
        }

        return Quote(order, provider) is not { } quote ? new ProviderPrice(null, null) : quote.IsOk ? new ProviderPrice(Rate.Parse(quote.Value.Amount), null) : new ProviderPrice(null, quote.Refusal.Code);
    }

    private static ProviderScreening Price(ScreenedOrder order, ScreenedProvider provider, ImmutableArray<NodePlacement> placements, ImmutableArray<ScreeningVerdict>.Builder verdicts)
    {
        if (Quote(order, provider) is not { } answer)
        {
            return new ProviderScreening(provider.Id, provider.Score, true, null, placements, verdicts.DrainToImmutable());
        }

        if (!answer.IsOk)
        {
            verdicts.Insert(0, ScreeningVerdicts.Of(provider.Id, null, answer.Refusal));
            return No(provider, verdicts.DrainToImmutable());
        }

        return new ProviderScreening(provider.Id, provider.Score, false, answer.Value, placements, verdicts.DrainToImmutable());
    }

    /// <summary>The managed price; null of who bids by itself.</summary>
    private static Result<PriceQuote>? Quote(ScreenedOrder order, ScreenedProvider provider)
    {
        var terms = new PriceTerms(order.Denom, order.Ceiling, order.Precision);
        return provider switch
        {
            { Scale: { } scale } => ScalePolicy.Quote(scale, order.Terms.Priced, terms),
            { Profile.Pricing: not null } when order.Unpriced is { } unpriced => unpriced,
            { Profile.Pricing: { } policy } => UsdPricing.Evaluate(provider.RatesOf(policy), order.Terms.Demand, terms, order.UsdPerToken, lines: false),
            _ => (Result<PriceQuote>?)null,
        };
    }

    private static Refusal? Unfit(ScreenedOrder order, ScreenedProvider provider)
    {
        if (provider.Maintenance)
        {
            return Refusal.Of("provider.maintenance", "the provider is in maintenance", ("wanted", "bidding"), ("had", "maintenance"));
        }

        if (AttributeMatching.WhyNot(order.Terms.Requirements, provider.Profile.Attributes, provider.Signatures) is { } mismatch)
        {
            return mismatch;
        }

        return IsExternal(provider) || provider.ReclaimWindowSeconds >= order.ReclaimMinSeconds
            ? null
            : Refusal.Of(
                "bid.reclamation_too_short",
                $"the order wants a reclamation window of at least {order.ReclaimMinSeconds} s",
                ("wanted", order.ReclaimMinSeconds),
                ("had", provider.ReclaimWindowSeconds));
    }

    private static bool IsExternal(ScreenedProvider provider) => provider is { Scale: null, Profile.Pricing: null };

    private static ProviderScreening No(ScreenedProvider provider, ImmutableArray<ScreeningVerdict> verdicts) =>
        new(provider.Id, provider.Score, IsExternal(provider), null, [], verdicts);
}
