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
    private const string BidsItselfRule = "provider.bids_itself";

    /// <inheritdoc/>
    public async Task<ScreeningOutcome> ScreenAsync(ScreeningRequest request, CancellationToken cancel = default)
    {
        var market = await index.SnapshotAsync();
        var order = await ScreenedAsync(request);
        var declaring = market.Declaring(OrderTerms.Requirements(request.Spec).Attributes);
        var owning = market.Owning(order.Slots);
        var few = declaring is null ? owning : owning is null ? declaring : declaring.Intersect(owning);
        var asked = few is null ? market.Providers : few.Select(id => market.Find(id)!);
        var (bidders, counts) = (few?.Count ?? market.Count) <= options.Value.WholeMarketMax ? ([.. asked.Select(p => Screen(order, p))], []) : Cheapest(order, asked);
        if (few is null)
        {
            // Anybody might bid.
            return Outcome(request, market, bidders, [], counts);
        }

        var (verdicts, others) = Others(order, market, declaring, few, Kept(bidders));
        return Outcome(request, market, bidders, verdicts, [.. counts, .. others]);
    }

    /// <summary>Verdicts that are kept of those who did not come near a bid.</summary>
    private int Kept(IEnumerable<ProviderScreening> bidders) => bidders.Any(static s => s.Bids) ? options.Value.VerdictsOfOthers : Math.Max(options.Value.VerdictsOfOthers, ScreeningVerdicts.KeptMax);

    /// <summary>
    /// Of very many: prices first, which is quick; room is looked for from the cheapest on, until there are offers enough. Of those who bid by themselves one with room is enough to wait for them. Of all others the first reasons,
    /// and how many more there were of each.
    /// </summary>
    private (ProviderScreening[] Screened, (string Rule, int Times)[] Counts) Cheapest(ScreenedOrder order, IEnumerable<IndexedProvider> asked)
    {
        List<(IndexedProvider Provider, Rate Price)> priced = [];
        List<IndexedProvider> external = [];
        List<(IndexedProvider Provider, string Rule)> refused = [];
        foreach (var provider in asked)
        {
            var asks = Rules.Price(order, Screened(provider, provider.State.Profile));
            if (asks.Price is { } price)
            {
                priced.Add((provider, price));
            }
            else if (asks.Rule is { } rule)
            {
                refused.Add((provider, rule));
            }
            else
            {
                external.Add(provider);
            }
        }

        var screened = new List<ProviderScreening>();
        var cheapest = priced.OrderBy(static p => p.Price).ThenByDescending(static p => p.Provider.State.Score).ThenBy(static p => p.Provider.State.Id, StringComparer.Ordinal).ToArray();
        var looked = Until(screened, cheapest.Select(static p => p.Provider), order, static s => s.Bids, options.Value.OffersMax);
        var kept = Kept(screened);
        if (looked > 0 && looked < cheapest.Length)
        {
            var bar = cheapest[looked - 1].Price;
            var outpriced = cheapest.AsEnumerable().Skip(looked).Take(kept).ToArray();
            screened.AddRange(outpriced.Select(p => new ProviderScreening(p.Provider.State.Id, p.Provider.State.Score, false, null, [], [ScreeningVerdicts.Outpriced(p.Provider.State.Id, bar, p.Price)])));
            looked += outpriced.Length;
        }

        var waitedFor = Until(screened, external, order, static s => s.External && !s.Placements.IsEmpty, 1);
        var told = refused.Take(kept).ToArray();
        screened.AddRange(told.Select(p => Screen(order, p.Provider)));
        return ([.. screened], [(ScreeningVerdicts.OutpricedRule, cheapest.Length - looked), (BidsItselfRule, external.Count - waitedFor), .. refused.Skip(told.Length).CountBy(static p => p.Rule).Select(static p => (p.Key, p.Value))]);
    }

    /// <summary>Screens one after the other until enough are what is looked for; answers how many it looked at.</summary>
    private int Until(List<ProviderScreening> screened, IEnumerable<IndexedProvider> providers, ScreenedOrder order, Func<ProviderScreening, bool> wanted, int enough)
    {
        var (looked, found) = (0, 0);
        foreach (var provider in providers.TakeWhile(_ => found < enough))
        {
            var one = Screen(order, provider);
            screened.Add(one);
            found += wanted(one) ? 1 : 0;
            looked++;
        }

        return looked;
    }

    /// <summary>
    /// Of those who declare other attributes or own no such card: the first verdicts, and how many more each rule stopped. That takes as long as what is kept of them, not as there are.
    /// </summary>
    private (List<ScreeningVerdict> Verdicts, (string Rule, int Times)[] Counts) Others(ScreenedOrder order, MarketSnapshot market, ImmutableSortedSet<string>? declaring, ImmutableSortedSet<string> few, int kept)
    {
        var verdicts = new List<ScreeningVerdict>();
        var (screened, maintained, unlike) = (0, 0, 0);
        foreach (var provider in market.Providers.Where(p => !few.Contains(p.State.Id)).TakeWhile(_ => verdicts.Count < kept))
        {
            verdicts.AddRange(Screen(order, provider).Verdicts);
            screened++;
            maintained += provider.State.Maintenance ? 1 : 0;
            unlike += !provider.State.Maintenance && declaring?.Contains(provider.State.Id) is false ? 1 : 0;
        }

        var inMaintenance = market.InMaintenance.Count - maintained - few.Count(market.InMaintenance.Contains);
        var rest = market.Count - few.Count - screened - inMaintenance;
        // Whoever declares what is wanted and yet is not among the few owns no such card.
        var others = declaring is null ? 0 : market.Count - declaring.Count - unlike - market.InMaintenance.Count(id => !declaring.Contains(id));
        return (verdicts, [("provider.maintenance", inMaintenance), ("market.attribute_mismatch", Math.Clamp(others, 0, rest)), ("node.insufficient_gpu", rest - Math.Clamp(others, 0, rest))]);
    }

    private ProviderScreening Screen(ScreenedOrder order, IndexedProvider provider) => Rules.Screen(order, Screened(provider, provider.State.Profile));

    private static ScreeningOutcome Outcome(
        ScreeningRequest request, MarketSnapshot market, ProviderScreening[] screened, IEnumerable<ScreeningVerdict> others, IEnumerable<(string Rule, int Times)> counts)
    {
        var verdicts = screened.SelectMany(static s => s.Verdicts).Concat(screened.Where(static s => s.External && !s.Placements.IsEmpty).Select(BidsItself)).Concat(others).ToArray();
        var offers = ScreeningVerdicts.CheapestFirst(screened).Select(s => Offer(s, s.Price));
        if (request.ReclaimMinSeconds > 0)
        {
            offers = offers.Select(o => o with { ReclaimWindowSeconds = market.Find(o.Provider)!.State.Profile.ReclaimWindowSeconds });
        }

        return new ScreeningOutcome(
            [.. offers],
            ScreeningVerdicts.Keep(verdicts),
            ScreeningVerdicts.Count(verdicts, counts),
            market.Count,
            screened.Any(static s => s.External && !s.Placements.IsEmpty));
    }

    /// <inheritdoc/>
    public async Task<Result<ManagedOffer>> PlaceAsync(ScreeningRequest request, string provider, Rate price)
    {
        // Who registered, joined a node or made room a moment ago may bid now: a no is only given by what is known for certain.
        var order = await ScreenedAsync(request);
        var placed = Place(await index.SnapshotAsync(), order, provider, price);
        return placed.IsOk ? placed : Place(await index.FreshAsync(), order, provider, price);
    }

    private Result<ManagedOffer> Place(MarketSnapshot market, ScreenedOrder order, string provider, Rate price)
    {
        if (market.Find(provider) is not { } known)
        {
            return Refusal.Of("provider.not_found", $"no provider {provider}", ("provider", provider));
        }

        // It names its price itself, so its managed prices, if it has any, do not matter here.
        var screened = Rules.Screen(order, Screened(known, known.State.Profile with { Pricing = null, Scale = null }));
        return screened.Placements.IsEmpty && screened.Verdicts is [var why, ..]
            ? Refusal.Of(why.Rule, $"{provider}: wanted {why.Wanted}, had {why.Had}", ("provider", provider), ("wanted", why.Wanted), ("had", why.Had))
            : Offer(screened, price);
    }

    private async Task<ScreenedOrder> ScreenedAsync(ScreeningRequest request)
    {
        // Credit is worth one dollar, every other token what the oracle says; while it says nothing, nobody sells for dollars.
        var price = tokens.Sources(request.Denom).Count > 0 ? null : await prices.PriceAsync(request.Denom);
        return new ScreenedOrder(request.Spec, [.. request.Slots.Select(static s => s.Slot)], request.Denom, request.Ceiling, price?.Usd, request.ReclaimMinSeconds) { Unpriced = price?.Problem, Together = [.. request.Slots.Select(static s => s.Together)] };
    }

    private ScreenedProvider Screened(IndexedProvider provider, ProviderProfile profile)
    {
        var screened = provider.Screened;
        if (profile != provider.State.Profile)
        {
            screened = screened with { Profile = profile, Scale = profile.Scale, ReclaimWindowSeconds = profile.ReclaimWindowSeconds };
        }

        // Signatures expire and reservations of addresses lapse by themselves.
        if (!screened.Signatures.IsDefaultOrEmpty)
        {
            screened = screened with { Signatures = AttributeMatching.Standing(screened.Signatures, index.Now) };
        }

        return provider.Addresses?.View(0, index.Now) is { Total: > 0 } pool ? screened with { Ips = new IpPool(pool.Total, pool.Leased, pool.Reserved) } : screened;
    }

    private static ScreeningVerdict BidsItself(ProviderScreening screened) => new(screened.Provider, null, BidsItselfRule, "a managed price", "its own bidding");

    private static ManagedOffer Offer(ProviderScreening screened, Rate price) =>
        new(screened.Provider, price, screened.Score, [.. screened.Placements.Select(static p => new NodeOffer(p.Node, p.Demand))]);
}
