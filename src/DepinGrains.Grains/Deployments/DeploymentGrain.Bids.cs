using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

/// <summary>Bids that providers make by themselves.</summary>
public sealed partial class DeploymentGrain
{
    private const int ProviderReasonMin = 10_000;
    private const int ProviderReasonMax = 19_999;

    /// <inheritdoc/>
    public async Task<Result<BidView>> BidAsync(string operationId, SubmitBid bid)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var fingerprint = Changes.Fingerprint(bid);
        if (await _row.RememberedAsync<BidView>(operationId, fingerprint) is { } remembered)
        {
            return remembered;
        }

        if (CheckBid(bid) is { } refusal)
        {
            return refusal;
        }

        var group = Group(bid.Gseq)!;
        var now = clock.Now;
        var request = new ScreeningRequest(OrderId(group), State.Owner, group.Spec, group.Slots, State.Denom, Rate.Parse(group.Order.Ceiling), State.ReclaimMinSeconds);
        var offer = await screening.PlaceAsync(request, bid.Provider, Rate.Parse(bid.Price));
        if (!offer.IsOk)
        {
            return offer.Refusal;
        }

        var attempt = NextAttempt(group, bid.Provider);
        var booked = await BookAsync(group, bid.Provider, attempt, offer.Value.Nodes, bid.Deposit, now);
        if (!booked.IsOk)
        {
            return booked.Refusal;
        }

        var made = new BidState(
            bid.Provider, bid.Gseq, bid.Oseq, attempt, BidStatus.Open, offer.Value.Price.ToString(), State.Denom, Managed: false, offer.Value.Score, bid.Deposit,
            HoldId(group, bid.Provider, attempt), bid.ReclaimWindowSeconds, booked.Value, now, Released: false);
        var changes = new Changes().Remember<Result<BidView>>(operationId, fingerprint, View(made));
        TellBid(changes, made, "bid.created");
        await MustCommitAsync(State with { NextActionAt = Earlier(State.NextActionAt, group.Order.WindowEndsAt) }, changes);
        _bids[made.Key] = made;
        Schedule();
        return View(made);
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> CloseBidAsync(string operationId, string provider, int gseq, int oseq, int reason)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (reason is < ProviderReasonMin or > ProviderReasonMax)
        {
            return Refusal.Of("lease.reason_range", $"a provider's reason is {ProviderReasonMin} to {ProviderReasonMax}, not {reason}", ("reason", reason));
        }

        if (Group(gseq) is not { } group || _bids.Values.LastOrDefault(b => b.Of(gseq, oseq) && b.Provider == provider) is not { } bid)
        {
            return Refusal.Of("bid.not_found", $"{provider} has no bid for {Id}/{gseq}/{oseq}", ("provider", provider));
        }

        if (bid.Status == BidStatus.Open && group.Order.Award?.Provider != provider)
        {
            var closed = bid with { Status = BidStatus.Closed };
            var changes = new Changes();
            TellBid(changes, closed, "bid.closed");
            await MustCommitAsync(State with { NextActionAt = clock.Now }, changes);
            _bids[closed.Key] = closed;
        }
        else if (bid.Status == BidStatus.Active && group.Order is { Status: OrderStatus.Active, End: null, LeaseId: { } lease } && group.Order.Oseq == oseq)
        {
            var held = await Lease(lease).GetAsync();
            if (held is { IsOk: true, Value: { Terms.ReclaimWindowSeconds: > 0 } view } && (view.ReclaimAt is not { } at || at > clock.Now))
            {
                return Refusal.Of("lease.reclamation_window", $"the provider agreed to a window of {view.Terms.ReclaimWindowSeconds} s; it ends {view.ReclaimAt?.ToString("O") ?? "after it is started"}", ("window", view.Terms.ReclaimWindowSeconds), ("reclaimAt", view.ReclaimAt));
            }

            await BeginEndAsync(group, new EndIntent(reason, $"closed by the provider (reason {reason})", Relist: false, GroupStatus.Paused));
        }

        await AdvanceAsync();
        return View();
    }

    /// <summary>Akash's CreateBid checks in their published order, with its defects mended: the cap is exact, a provider may bid again after its bid was closed.</summary>
    private Refusal? CheckBid(SubmitBid bid)
    {
        if (bid.Denom != State.Denom)
        {
            return Refusal.Of("bid.denom", $"the order is in {State.Denom}, the bid in {bid.Denom}", ("wanted", State.Denom), ("had", bid.Denom));
        }

        if (bid.Deposit < _options.BidDeposit)
        {
            return Refusal.Of("bid.deposit_too_small", $"a bid's deposit is at least {_options.BidDeposit} {State.Denom}, not {bid.Deposit}", ("minimum", _options.BidDeposit), ("had", bid.Deposit));
        }

        if (Group(bid.Gseq) is not { } group || group.Order.Oseq != bid.Oseq)
        {
            return Refusal.Of("order.not_found", $"no order {Id}/{bid.Gseq}/{bid.Oseq}", ("order", $"{Id}/{bid.Gseq}/{bid.Oseq}"));
        }

        if (BidsOf(group) >= _options.BidsMax)
        {
            return Refusal.Of("bid.too_many", $"the order has {_options.BidsMax} bids, no more are taken", ("max", _options.BidsMax));
        }

        if (State.Status != DeploymentStatus.Active || group.Status != GroupStatus.Open || group.Order.Status != OrderStatus.Open || group.Order.Award is not null)
        {
            return Refusal.Of("order.not_open", $"order {OrderId(group)} is not open", ("order", OrderId(group)), ("status", group.Order.Status));
        }

        if (!Rate.TryParse(bid.Price, out var price) || price <= Rate.Zero)
        {
            return Refusal.Of("bid.price_invalid", $"not a price: {bid.Price}", ("price", bid.Price));
        }

        if (price > Rate.Parse(group.Order.Ceiling))
        {
            return Refusal.Of("bid.price_above_ceiling", $"the bid of {bid.Price} is above the ceiling of {group.Order.Ceiling} {State.Denom} a block", ("ceiling", group.Order.Ceiling), ("had", bid.Price));
        }

        if (bid.ReclaimWindowSeconds < State.ReclaimMinSeconds)
        {
            return Refusal.Of("bid.reclamation_too_short", $"the tenant wants a reclamation window of at least {State.ReclaimMinSeconds} s, the bid offers {bid.ReclaimWindowSeconds}", ("wanted", State.ReclaimMinSeconds), ("had", bid.ReclaimWindowSeconds));
        }

        return _bids.Values.Any(b => b.Of(bid.Gseq, bid.Oseq) && b.Provider == bid.Provider && b.Status is BidStatus.Open or BidStatus.Active && b.Of(bid.Gseq, bid.Oseq))
            ? Refusal.Of("bid.exists", $"{bid.Provider} has an open bid for {OrderId(group)} already", ("provider", bid.Provider))
            : null;
    }
}
