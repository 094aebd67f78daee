using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
using Microsoft.Extensions.Options;
using Rules = DepinGrains.Domain.Deployments.OrderScreening;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>Screens the market index by the Domain's rules.</summary>
public sealed class OrderScreening(MarketIndex index, TokenCatalog tokens, PriceReader prices, IOptions<ScreeningOptions> options) : IOrderScreening
{
    /// <inheritdoc/>
    public async Task<ScreeningOutcome> ScreenAsync(ScreeningRequest request, CancellationToken cancel = default)
    {
        var providers = await index.SnapshotAsync();
        var order = await ScreenedAsync(request);
        var windows = providers.ToDictionary(static p => p.State.Id, static p => p.State.Profile.ReclaimWindowSeconds);
        var screened = providers.Select(p => Rules.Screen(order, Screened(p, p.State.Profile))).ToArray();
        var verdicts = screened.SelectMany(static s => s.Verdicts).Concat(screened.Where(static s => s.External && !s.Placements.IsEmpty).Select(BidsItself)).ToArray();
        return new ScreeningOutcome(
            [.. ScreeningVerdicts.CheapestFirst(screened).Select(s => Offer(s, s.Price) with { ReclaimWindowSeconds = request.ReclaimMinSeconds > 0 ? windows[s.Provider] : 0 })],
            ScreeningVerdicts.Keep(verdicts),
            ScreeningVerdicts.Count(verdicts),
            providers.Length,
            screened.Any(static s => s.External && !s.Placements.IsEmpty));
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

    private ScreenedProvider Screened(IndexedProvider provider, ProviderProfile profile) => new(
        provider.State.Id,
        profile,
        provider.State.Signatures,
        provider.State.Maintenance,
        provider.State.Score,
        [.. provider.Nodes.Select(static n => new ScreenedNode(n.Id, n.Status, n.Free, NodeRules.Of(n.Overcommit)))],
        provider.Addresses?.View(0, index.Now) is { Total: > 0 } pool ? new IpPool(pool.Total, pool.Leased, pool.Reserved) : null,
        profile.ReclaimWindowSeconds,
        profile.Scale);

    private static ScreeningVerdict BidsItself(ProviderScreening screened) => new(screened.Provider, null, "provider.bids_itself", "a managed price", "its own bidding");

    private static ManagedOffer Offer(ProviderScreening screened, Rate price) =>
        new(screened.Provider, price, screened.Score, [.. screened.Placements.Select(static p => new NodeOffer(p.Node, p.Demand))]);
}
