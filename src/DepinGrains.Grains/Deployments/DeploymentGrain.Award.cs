using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> AcceptBidAsync(string operationId, string caller, int gseq, int oseq, string provider)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (NotOwner(caller) is { } foreign)
        {
            return foreign;
        }

        if (Group(gseq) is not { } group || group.Order.Oseq != oseq)
        {
            return Refusal.Of("order.not_found", $"no order {Id}/{gseq}/{oseq}", ("order", $"{Id}/{gseq}/{oseq}"));
        }

        if (group.Order.Winner == provider || group.Order.Award?.Provider == provider)
        {
            await AdvanceAsync();
            return View();
        }

        if (group.Order.Status != OrderStatus.Open)
        {
            return Refusal.Of("order.not_open", $"order {OrderId(group)} is {group.Order.Status.ToString().ToLowerInvariant()}", ("order", OrderId(group)));
        }

        var bid = _bids.Values.FirstOrDefault(b => b.Of(gseq, oseq) && b.Provider == provider && b.Status == BidStatus.Open);
        if (bid is null)
        {
            return Refusal.Of("bid.not_open", $"{provider} has no open bid for {OrderId(group)}", ("order", OrderId(group)), ("provider", provider));
        }

        await MustCommitAsync(State.With(group with { Order = group.Order with { Award = new AwardIntent(provider, bid.Attempt) } }), new Changes());
        await AdvanceAsync();
        return Group(gseq)!.Order is { LeaseId: null, Problem: { } problem } ? problem : View();
    }

    /// <summary>When the window is over the best bid wins (<see cref="WinnerChoice"/>).</summary>
    private async Task<bool> ChooseStepAsync(GroupState group)
    {
        var order = group.Order;
        if (State.Winner != WinnerRule.Lowest || State.Status != DeploymentStatus.Active || group.Status != GroupStatus.Open
            || order.Status != OrderStatus.Open || order.Award is not null || clock.Now < order.WindowEndsAt)
        {
            return false;
        }

        var open = _bids.Values
            .Where(b => b.Of(group.Gseq, order.Oseq) && b.Status == BidStatus.Open)
            .Select(static b => new RankedBid(b.Key, Rate.Parse(b.Price), b.Score, b.At));
        if (WinnerChoice.Best(open) is not { } ranked)
        {
            return false;
        }

        var best = _bids[ranked.Id];

        await MustCommitAsync(State.With(group with { Order = order with { Award = new AwardIntent(best.Provider, best.Attempt) } }), new Changes());
        return true;
    }

    /// <summary>
    /// The award saga: intent (committed before) → each node and the address pool confirm → host names are claimed → escrow streams → lease opens → order and bids say so. Opening the payment is the point of no return:
    /// refused before it → the bookings go back and the next bid has its turn; after it every step is only ever repeated.
    /// </summary>
    private async Task<bool> AwardStepAsync(GroupState group)
    {
        if (group.Order is not { Award: { } award } order)
        {
            return false;
        }

        var bid = _bids.Values.First(b => b.Of(group.Gseq, order.Oseq) && b.Provider == award.Provider && b.Attempt == award.Attempt);
        var lease = BidId(bid);
        var bookings = new List<NodeReservation>();
        foreach (var booking in bid.Bookings)
        {
            var confirmed = await ConfirmAsync(booking, lease);
            if (!confirmed.IsOk)
            {
                await UndoAwardAsync(group, bid, confirmed.Refusal);
                return true;
            }

            bookings.Add(confirmed.Value);
        }

        var addresses = await ConfirmAddressesAsync(bid, lease);
        if (!addresses.IsOk)
        {
            await UndoAwardAsync(group, bid, addresses.Refusal);
            return true;
        }

        if (await ClaimAsync(group.Hostnames) is { } unclaimed)
        {
            await UndoAwardAsync(group, bid, unclaimed, GroupStatus.Paused);
            return true;
        }

        var paid = await Escrow.OpenPaymentAsync(lease, bid.Provider, bid.Price);
        if (!paid.IsOk)
        {
            await UndoAwardAsync(group, bid, paid.Refusal, GroupStatus.InsufficientFunds);
            return true;
        }

        var terms = new LeaseTerms("deployments", State.Owner, bid.Provider, Id, State.Denom, bid.Price, [.. bookings], bid.ReclaimWindowSeconds, clock.Now) { Addresses = addresses.Value };
        var opened = await Lease(lease).OpenAsync(terms);
        if (!opened.IsOk)
        {
            throw new InvalidOperationException(opened.Refusal.ToString());
        }

        var changes = new Changes();
        var ended = EndBids(group, BidStatus.Lost, changes, except: bid.Key);
        var won = bid with { Status = BidStatus.Active };
        TellBid(changes, won, "bid.won");
        var next = group with { Order = order with { Status = OrderStatus.Active, Award = null, LeaseId = lease, Winner = bid.Provider, Problem = null } };
        TellOrder(changes, next, "order.matched");
        await MustCommitAsync(State.With(next), changes);
        Publish(ended);
        _bids[won.Key] = won;
        _fundsDue = clock.Now;
        return true;
    }

    /// <summary>Before the point of no return: the bid is over. With <paramref name="groupAfter"/> no other bid would fare better: the order is closed too.</summary>
    private async Task UndoAwardAsync(GroupState group, BidState bid, Refusal why, GroupStatus? groupAfter = null)
    {
        var changes = new Changes();
        var ended = new Dictionary<string, BidState>(StringComparer.Ordinal);
        var next = group with { Order = group.Order with { Award = null, Problem = why } };
        if (groupAfter is { } status)
        {
            ended = EndBids(group, BidStatus.Closed, changes);
            next = next with { Status = status, Order = next.Order with { Status = OrderStatus.Closed } };
        }
        else
        {
            var closed = bid with { Status = BidStatus.Closed };
            TellBid(changes, closed, "bid.closed");
            ended[closed.Key] = closed;
        }

        TellOrder(changes, next, "order.award_undone");
        await MustCommitAsync(State.With(next), changes);
        Publish(ended);
    }
}
