using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Leases;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Deployments;

/// <summary>Bids that providers make by themselves.</summary>
public sealed partial class DeploymentGrain
{
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

        if (WhyNotOpen(bid) is { } refusal)
        {
            return refusal;
        }

        // The order says its currency in its SDL's words and in the network's own: a bid may be in either.
        var denom = tokens.Find(bid.Denom)?.Denom ?? bid.Denom;
        var (candidate, rules) = (Candidate(bid, denom), BidRules.Default with { MinDeposits = [new(State.Denom, await BidDepositAsync(State.Denom))], BidsMax = _options.BidsMax });
        if (BidChecks.WhyNotTerms(candidate, Checked(bid), rules) is { } badTerms)
        {
            return badTerms;
        }

        // What a try that was interrupted still holds would be missing here.
        DropPlans(static _ => false);
        await ReleaseStepAsync();
        var group = Group(bid.Gseq)!;
        var request = new ScreeningRequest(OrderId(group), State.Owner, group.Spec, group.Slots, State.Denom, Rate.Parse(group.Order.Ceiling), State.ReclaimMinSeconds);
        var offer = await screening.PlaceAsync(request, bid.Provider, candidate.Price);
        var found = offer.IsOk ? (await Ledger.GetBalanceAsync(LedgerAccounts.Wallet(bid.Provider))).Available : 0;
        if (BidChecks.WhyNotBidder(candidate, Checked(bid), Bidder.Screened(offer.Refusal, found), rules) is { } unfit)
        {
            return unfit;
        }

        var tried = Tried(group, offer.Value!, State.Denom, bid.Deposit, managed: false, bid.ReclaimWindowSeconds);
        await IntendAsync(group, tried);
        var refused = await BookAsync(tried);
        group = Group(bid.Gseq)!;
        var settled = State.With(group with { Order = group.Order with { Trying = [] } });
        if (refused[0] is { } unbooked)
        {
            await MustCommitAsync(settled, new Changes().Remember<Result<BidView>>(operationId, fingerprint, unbooked));
            Settled([tried], []);
            return unbooked;
        }

        var made = tried with { Status = BidStatus.Open, Placed = true };
        var changes = new Changes().Remember<Result<BidView>>(operationId, fingerprint, View(made));
        TellBid(changes, made, "bid.created");
        await MustCommitAsync(settled with { NextActionAt = Earlier(State.NextActionAt, group.Order.WindowEndsAt) }, changes);
        Settled([tried], [made]);
        Schedule();
        return View(made);
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> CloseBidAsync(string operationId, string provider, int gseq, int oseq, int reason, bool onlyOpen = false)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (LeaseCloseReasons.PartyOf(reason) != LeaseCloseParty.Provider)
        {
            return Refusal.Of("lease.reason_invalid", $"reason {reason} is not one a provider may give (10000 to 19999)", ("reason", reason));
        }

        var print = Changes.Fingerprint(new { Command = onlyOpen ? "bid.withdraw" : "bid.close", Provider = provider, Gseq = gseq, Oseq = oseq, Reason = reason });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Group(gseq) is { Order: { Award: { } award } awarded } && awarded.Oseq == oseq && award.Provider == provider)
        {
            // Neither a bid any more nor a lease yet: what there is to close is known when the award came to its end.
            await AdvanceAsync();
            if (Group(gseq)!.Order is { Award: not null })
            {
                return Refusal.Of("bid.award_in_flight", $"the bid of {provider} for {Id}/{gseq}/{oseq} is being awarded; ask again", ("order", $"{Id}/{gseq}/{oseq}"), ("provider", provider));
            }
        }

        if (Group(gseq) is { } later && oseq < later.Order.Oseq && await HasBidAsync(gseq, oseq, provider))
        {
            // Its order is over, and everything of it was closed with it.
            await NothingToDoAsync(operationId, print);
            return View();
        }

        if (Group(gseq) is not { } group || _bids.Values.Where(b => b.Of(gseq, oseq) && b.Provider == provider).MaxBy(static b => b.Attempt) is not { } bid)
        {
            return Refusal.Of("bid.not_found", $"{provider} has no bid for {Id}/{gseq}/{oseq}", ("provider", provider));
        }

        if (bid.Status == BidStatus.Open)
        {
            var closed = bid with { Status = BidStatus.Closed };
            var changes = new Changes().Remember<Result<Done>>(operationId, print, Done.Instance);
            var listed = Listed(group, changes);
            TellBid(changes, closed, "bid.closed");
            await MustCommitAsync(State.With(listed) with { NextActionAt = clock.Now }, changes);
            _bids[closed.Key] = closed;
        }
        else if (onlyOpen)
        {
            return Refusal.Of("bid.not_open", $"the bid of {provider} for {Id}/{gseq}/{oseq} is {bid.Status}, not Open", ("provider", provider), ("status", bid.Status));
        }
        else if (bid.Status == BidStatus.Active && group.Order is { Status: OrderStatus.Active, End: null, LeaseId: { } lease } && group.Order.Oseq == oseq)
        {
            if (await EndByProviderAsync(group, lease, reason, new Changes().Remember<Result<Done>>(operationId, print, Done.Instance)) is { } refused)
            {
                return refused;
            }
        }
        else
        {
            await NothingToDoAsync(operationId, print);
        }

        await AdvanceAsync();
        return View();
    }

    /// <summary>Begins the end of a lease its provider closes, unless the lease's terms forbid it now.</summary>
    private async Task<Refusal?> EndByProviderAsync(GroupState group, string lease, int reason, Changes changes)
    {
        var held = (await Lease(lease).GetAsync()).Require();
        var standing = new LeaseStanding(held.Status, held.Terms.ReclaimWindowSeconds, held.ReclaimAt, held.CloseReason);
        if (LeaseTransitions.Apply(standing, LeaseTrigger.ProviderClose, clock.Now, reason) is { IsOk: false } refused)
        {
            return refused.Refusal;
        }

        await BeginEndAsync(group, new EndIntent(reason, $"closed by the provider (reason {reason})", Relist: false, GroupStatus.Paused), changes);
        return null;
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> StartReclaimAsync(string operationId, string provider, int gseq)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "reclaim", Provider = provider, Gseq = gseq });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Group(gseq) is not { Order: { Status: OrderStatus.Active, End: null, LeaseId: { } lease, Winner: { } winner } } || winner != provider)
        {
            return Refusal.Of("lease.not_found", $"{provider} has no lease in group {gseq} of {Id}", ("deployment", Id), ("gseq", gseq));
        }

        var reclaiming = await Lease(lease).StartReclaimAsync(operationId);
        if (!reclaiming.IsOk)
        {
            return reclaiming.Refusal;
        }

        await NothingToDoAsync(operationId, print);
        return View();
    }

    private async Task<bool> HasBidAsync(int gseq, int oseq, string provider)
    {
        ImmutableArray<Filter> filters =
        [
            new("parent", Comparison.Equal, Id),
            new("key", Comparison.GreaterOrEqual, BidState.KeysFrom(gseq, oseq)),
            new("key", Comparison.Less, BidState.KeysFrom(gseq, oseq + 1)),
            new("provider", Comparison.Equal, provider),
        ];
        return (await store.ListAsync(new ListQuery(BidState.Kind.Table.Kind, filters, null, false, 1, null))).Rows.Length > 0;
    }

    private async Task<long> BidDepositAsync(string denom) => (await parameters.NowAsync()).Of(NetworkParameterCatalog.BidDeposit, denom, _options.BidDeposit);

    /// <summary>Whether there is an order to bid for, before its rules (<see cref="BidChecks"/>) are asked.</summary>
    private Refusal? WhyNotOpen(SubmitBid bid)
    {
        if (!Rate.TryParse(bid.Price, out _))
        {
            return Refusal.Of("bid.price_invalid", $"not a price: {bid.Price}", ("price", bid.Price));
        }

        if (Group(bid.Gseq) is not { } group || group.Order.Oseq != bid.Oseq)
        {
            return Refusal.Of("order.not_found", $"no order {Id}/{bid.Gseq}/{bid.Oseq}", ("order", $"{Id}/{bid.Gseq}/{bid.Oseq}"));
        }

        return State.Status != DeploymentStatus.Active || group.Status != GroupStatus.Open || group.Order is { Award: not null } or { End: not null }
            ? Refusal.Of("order.not_open", $"order {OrderId(group)} is not open", ("order", OrderId(group)), ("status", group.Order.Status))
            : null;
    }

    private static BidCandidate Candidate(SubmitBid bid, string denom) => new(bid.Provider, Rate.Parse(bid.Price), denom, bid.Deposit, denom, 0, bid.Offer ?? [], bid.ReclaimWindowSeconds);

    /// <summary>The order in the form of the checks; what it requires of a provider is screened.</summary>
    private BidOrder Checked(SubmitBid bid)
    {
        var group = Group(bid.Gseq)!;
        return new BidOrder(
            group.Order.Status,
            group.Spec with { Requirements = new PlacementRequirements([], new SignedBy([], [])) },
            Rate.Parse(group.Order.Ceiling),
            State.Denom,
            State.ReclaimMinSeconds,
            [.. _bids.Values.Where(b => b.Of(bid.Gseq, bid.Oseq) && !State.IsTrying(b)).Select(static b => new EarlierBid(b.Provider, b.Status))]);
    }
}
