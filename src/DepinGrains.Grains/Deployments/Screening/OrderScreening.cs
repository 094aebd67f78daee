using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
using Microsoft.Extensions.Options;
using Rules = DepinGrains.Domain.Deployments.OrderScreening;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>Screens the market index by the Domain's rules.</summary>
public sealed class OrderScreening(MarketIndex index, TokenCatalog tokens, PriceReader prices, IOptions<ScreeningOptions> options) : IOrderScreening
{
    private AttributeIndex _attributes = new([]);

    /// <inheritdoc/>
    public async Task<ScreeningOutcome> ScreenAsync(ScreeningRequest request, CancellationToken cancel = default)
    {
        var providers = await index.SnapshotAsync();
        var order = await ScreenedAsync(request);
        if (Index(providers).Declaring(OrderTerms.Requirements(request.Spec).Attributes) is { } few)
        {
            var bidders = new ProviderScreening[few.Count];
            for (var i = 0; i < bidders.Length; i++)
            {
                bidders[i] = Rules.Screen(order, Screened(providers[few[i]], providers[few[i]].State.Profile));
            }

            if (Array.Exists(bidders, static s => s.Bids))
            {
                return Outcome(request, providers, bidders, Others(order, providers, few));
            }
        }

        // Nobody bids, or anybody might: everyone is told why.
        return Outcome(request, providers, [.. providers.Select(p => Rules.Screen(order, Screened(p, p.State.Profile)))], ([], []));
    }

    /// <summary>Of an order that gets bids, what of those who declare other attributes is kept: the first verdicts, and which rule stopped each.</summary>
    private (IEnumerable<ScreeningVerdict> Verdicts, IEnumerable<ScreeningVerdict> Uncounted) Others(ScreenedOrder order, ImmutableArray<IndexedProvider> providers, IReadOnlyList<int> few)
    {
        var (verdicts, rest) = (new List<ScreeningVerdict>(), new List<ScreeningVerdict>());
        var next = 0;
        for (var i = 0; i < providers.Length; i++)
        {
            if (next < few.Count && few[next] == i)
            {
                next++;
            }
            else if (verdicts.Count < options.Value.VerdictsOfOthers)
            {
                verdicts.AddRange(Rules.Screen(order, Screened(providers[i], providers[i].State.Profile)).Verdicts);
            }
            else
            {
                rest.Add(providers[i].State.Maintenance ? InMaintenance : OtherAttributes);
            }
        }

        return (verdicts, rest);
    }

    private static ScreeningOutcome Outcome(
        ScreeningRequest request, ImmutableArray<IndexedProvider> providers, ProviderScreening[] screened, (IEnumerable<ScreeningVerdict> Verdicts, IEnumerable<ScreeningVerdict> Uncounted) others)
    {
        var verdicts = screened.SelectMany(static s => s.Verdicts).Concat(screened.Where(static s => s.External && !s.Placements.IsEmpty).Select(BidsItself)).Concat(others.Verdicts).ToArray();
        var offers = ScreeningVerdicts.CheapestFirst(screened).Select(s => Offer(s, s.Price));
        if (request.ReclaimMinSeconds > 0)
        {
            var windows = providers.ToDictionary(static p => p.State.Id, static p => p.State.Profile.ReclaimWindowSeconds);
            offers = offers.Select(o => o with { ReclaimWindowSeconds = windows[o.Provider] });
        }

        return new ScreeningOutcome(
            [.. offers],
            ScreeningVerdicts.Keep(verdicts),
            ScreeningVerdicts.Count(verdicts.Concat(others.Uncounted)),
            providers.Length,
            screened.Any(static s => s.External && !s.Placements.IsEmpty));
    }

    /// <summary>The index of this snapshot; made again when the market was read again.</summary>
    private AttributeIndex Index(ImmutableArray<IndexedProvider> providers)
    {
        var known = _attributes;
        return known.Providers == providers ? known : _attributes = new AttributeIndex(providers);
    }

    /// <inheritdoc/>
    public async Task<Result<ManagedOffer>> PlaceAsync(ScreeningRequest request, string provider, Rate price)
    {
        if ((await index.SnapshotAsync()).FirstOrDefault(p => p.State.Id == provider) is not { } known)
        {
            return Refusal.Of("provider.not_found", $"no provider {provider}", ("provider", provider));
        }

        // It names its price itself, so its managed prices, if it has any, do not matter here.
        var screened = Rules.Screen(await ScreenedAsync(request), Screened(known, known.State.Profile with { Pricing = null, Scale = null }));
        return screened.Placements.IsEmpty && screened.Verdicts is [var why, ..]
            ? Refusal.Of(why.Rule, $"{provider}: wanted {why.Wanted}, had {why.Had}", ("provider", provider), ("wanted", why.Wanted), ("had", why.Had))
            : Offer(screened, price);
    }

    private async Task<ScreenedOrder> ScreenedAsync(ScreeningRequest request) => new(
        request.Spec,
        [.. request.Slots.Select(static s => s.Slot)],
        request.Denom,
        request.Ceiling,
        await UsdAsync(request.Denom),
        request.ReclaimMinSeconds);

    /// <summary>Dollars for a whole token: the oracle's, else what the operator configured; credit is worth one dollar (null).</summary>
    private async Task<string?> UsdAsync(string denom) =>
        tokens.Sources(denom).Count > 0 ? null : await prices.UsdAsync(denom) ?? (options.Value.UsdPerToken.TryGetValue(denom, out var usd) ? usd : null);

    private ScreenedProvider Screened(IndexedProvider provider, ProviderProfile profile)
    {
        var screened = provider.Screened;
        if (profile != provider.State.Profile)
        {
            screened = screened with { Profile = profile, Scale = profile.Scale, ReclaimWindowSeconds = profile.ReclaimWindowSeconds };
        }

        // Signatures expire and reservations of addresses lapse by themselves.
        screened = screened with { Signatures = AttributeMatching.Standing(screened.Signatures, index.Now) };
        return provider.Addresses?.View(0, index.Now) is { Total: > 0 } pool ? screened with { Ips = new IpPool(pool.Total, pool.Leased, pool.Reserved) } : screened;
    }

    private static readonly ScreeningVerdict InMaintenance = new("", null, "provider.maintenance", "", "");

    private static readonly ScreeningVerdict OtherAttributes = new("", null, "market.attribute_mismatch", "", "");

    private static ScreeningVerdict BidsItself(ProviderScreening screened) => new(screened.Provider, null, "provider.bids_itself", "a managed price", "its own bidding");

    private static ManagedOffer Offer(ProviderScreening screened, Rate price) =>
        new(screened.Provider, price, screened.Score, [.. screened.Placements.Select(static p => new NodeOffer(p.Node, p.Demand))]);
}
