using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>Screens in the order a provider would: is it here, does it fit the requirements, has it room, what would it cost.</summary>
public sealed class OrderScreening(MarketIndex index, IOptions<ScreeningOptions> options) : IOrderScreening
{
    /// <inheritdoc/>
    public async Task<ScreeningOutcome> ScreenAsync(ScreeningRequest request, CancellationToken cancel = default)
    {
        var providers = await index.SnapshotAsync();
        var units = Units(request);
        var offers = new List<ManagedOffer>();
        var verdicts = ImmutableArray.CreateBuilder<ScreeningVerdict>();
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var provider in providers)
        {
            var (offer, why) = Screen(request, units, provider);
            if (offer is not null)
            {
                offers.Add(offer);
            }

            foreach (var verdict in why)
            {
                counts[verdict.Rule] = counts.GetValueOrDefault(verdict.Rule) + 1;
                if (verdicts.Count < options.Value.VerdictsMax)
                {
                    verdicts.Add(verdict);
                }
            }
        }

        return new ScreeningOutcome(
            [.. offers.OrderBy(static o => o.Price).ThenByDescending(static o => o.Score).ThenBy(static o => o.Provider, StringComparer.Ordinal)],
            verdicts.DrainToImmutable(),
            [.. counts.Select(static c => new Fact(c.Key, c.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)))],
            providers.Length,
            providers.Any(static p => p.State is { Maintenance: false, Profile.Pricing: null }));
    }

    /// <inheritdoc/>
    public async Task<Result<ManagedOffer>> PlaceAsync(ScreeningRequest request, string provider, Rate price)
    {
        var known = (await index.SnapshotAsync()).FirstOrDefault(p => p.State.Id == provider);
        if (known is null)
        {
            return Refusal.Of("provider.not_found", $"no provider {provider}", ("provider", provider));
        }

        if (known.State.Maintenance)
        {
            return Refusal.Of("provider.maintenance", $"{provider} is in maintenance", ("provider", provider));
        }

        var placed = Place(request, Units(request), known);
        return placed.IsOk ? new ManagedOffer(provider, price, known.State.Score, placed.Value) : placed.Refusal;
    }

    private static Result<ImmutableArray<NodeOffer>> Place(ScreeningRequest request, ImmutableArray<UnitDemand> units, IndexedProvider provider)
    {
        var nodes = provider.Nodes.Where(static n => n.Status is NodeStatus.Online).Select(static n => new PackingNode(n.Id, n.Free));
        var placed = Packing.Place(new PackingCluster([.. nodes], [], null), units);
        return AttributeMatching.WhyNot(Requirements(request), provider.State.Profile.Attributes, provider.State.Signatures) is { } mismatch ? mismatch
            : placed.Fits ? Offers(request, placed.Placements) : placed.Refusal!;
    }

    private static ProviderRequirements Requirements(ScreeningRequest request) => new(
        [.. request.Spec.Requirements.Attributes.Select(static a => new Fact(a.Key, a.Value))],
        request.Spec.Requirements.SignedBy.AllOf,
        request.Spec.Requirements.SignedBy.AnyOf);

    private (ManagedOffer? Offer, ImmutableArray<ScreeningVerdict> Why) Screen(ScreeningRequest request, ImmutableArray<UnitDemand> units, IndexedProvider provider)
    {
        var state = provider.State;
        if (state.Maintenance)
        {
            return (null, [new ScreeningVerdict(state.Id, null, "provider.maintenance", "a provider that takes orders", "in maintenance")]);
        }

        if (request.ReclaimMinSeconds > 0)
        {
            return (null, [new ScreeningVerdict(state.Id, null, "market.reclamation_required", $"a reclamation window of {request.ReclaimMinSeconds} s", "managed bids offer none")]);
        }

        if (AttributeMatching.WhyNot(Requirements(request), state.Profile.Attributes, state.Signatures) is { } mismatch)
        {
            return (null, [Verdict(state.Id, null, mismatch)]);
        }

        var online = provider.Nodes.Where(static n => n.Status is NodeStatus.Online).ToImmutableArray();
        if (online.IsEmpty)
        {
            return (null, [new ScreeningVerdict(state.Id, null, "provider.no_node_online", "a node that is online", $"{provider.Nodes.Length} nodes, none online")]);
        }

        var placed = Packing.Place(new PackingCluster([.. online.Select(static n => new PackingNode(n.Id, n.Free))], [], null), units);
        if (!placed.Fits)
        {
            return (null, [Verdict(state.Id, null, placed.Refusal!), .. placed.Rejections.Select(r => Verdict(state.Id, r.Node, r.Why))]);
        }

        if (state.Profile.Pricing is not { } policy)
        {
            return (null, [new ScreeningVerdict(state.Id, null, "provider.bids_itself", "a managed price", "its own bidding")]);
        }

        var quote = UsdPricing.Quote(policy, Priced(request.Spec), new PriceTerms(request.Denom, request.Ceiling), options.Value.UsdPerToken.TryGetValue(request.Denom, out var usd) ? usd : null);
        return quote.IsOk
            ? (new ManagedOffer(state.Id, Rate.Parse(quote.Value.Amount), state.Score, Offers(request, placed.Placements)), [])
            : (null, [Verdict(state.Id, null, quote.Refusal)]);
    }

    private static ScreeningVerdict Verdict(string provider, string? node, Refusal why) => new(
        provider,
        node,
        why.Code,
        why.Facts.FirstOrDefault(static f => f.Name is "wanted" or "ceiling").Value ?? "",
        why.Detail);

    private static ImmutableArray<UnitDemand> Units(ScreeningRequest request) =>
    [
        .. request.Spec.Units.Select(u => new UnitDemand(
            u.Resources.Id,
            u.Resources.CpuMilli,
            u.Resources.MemoryBytes,
            Volumes(u.Resources),
            (int)u.Resources.GpuUnits,
            [.. u.Resources.GpuAttributes.Select(static a => a.Key)],
            u.Count,
            request.Slots.Where(s => s.Unit == u.Resources.Id).Max(static s => (int?)s.Slot.Ports) ?? 0,
            [.. u.Resources.Endpoints.Where(static e => e.Kind == EndpointKind.LeasedIp).Select(static e => e.SequenceNumber)])),
    ];

    private static ImmutableArray<PricedUnit> Priced(GroupSpec spec) =>
    [
        .. spec.Units.Select(static u => new PricedUnit(
            u.Resources.CpuMilli,
            u.Resources.MemoryBytes,
            Volumes(u.Resources),
            (int)u.Resources.GpuUnits,
            [.. u.Resources.GpuAttributes.Select(static a => a.Key)],
            u.Count,
            u.Resources.Endpoints.Count(static e => e.Kind != EndpointKind.LeasedIp),
            u.Resources.Endpoints.Count(static e => e.Kind == EndpointKind.LeasedIp))),
    ];

    private static ImmutableArray<VolumeDemand> Volumes(UnitResources unit) => [.. unit.Storage.Select(static v => new VolumeDemand(v.Name, v.Bytes, v.Class, v.Persistent))];

    /// <summary>Packing names slots <c>unit/replica</c>; nodes book them under the service's name, in the order of the plan.</summary>
    private static ImmutableArray<NodeOffer> Offers(ScreeningRequest request, ImmutableArray<NodePlacement> placements)
    {
        var byUnit = request.Slots.GroupBy(static s => s.Unit).ToDictionary(static g => g.Key, static g => new Queue<DemandSlot>(g.Select(static s => s.Slot)));
        return [.. placements.Select(p => new NodeOffer(p.Node, new NodeDemand([.. p.Demand.Slots.Select(s => byUnit[UnitOf(s.Key)].Dequeue())])))];
    }

    private static int UnitOf(string slotKey) => int.Parse(slotKey.AsSpan(0, slotKey.IndexOf('/', StringComparison.Ordinal)), provider: System.Globalization.CultureInfo.InvariantCulture);
}
