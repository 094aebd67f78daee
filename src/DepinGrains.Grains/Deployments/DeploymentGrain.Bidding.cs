using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    /// <summary>Managed bidding: screens the market, books room and deposits for the cheapest offers at once, and keeps the reasons of all others.</summary>
    private async Task<bool> ScreenStepAsync(GroupState group)
    {
        var order = group.Order;
        if (State.Status != DeploymentStatus.Active || group.Status != GroupStatus.Open || order.Status != OrderStatus.Open || order.Award is not null
            || (order.ScreenedAt is { } before && clock.Now < before + _options.RescreenEvery))
        {
            return false;
        }

        var now = clock.Now;
        var request = new ScreeningRequest(OrderId(group), State.Owner, group.Spec, group.Slots, State.Denom, Rate.Parse(order.Ceiling), State.ReclaimMinSeconds);
        var outcome = await screening.ScreenAsync(request);
        var open = _bids.Values.Where(b => b.Of(group.Gseq, order.Oseq) && b.Status == BidStatus.Open).ToArray();
        var room = Math.Min(_options.ManagedBidsMax, _options.BidsMax - BidsOf(group));
        var offers = outcome.Offers.Where(o => open.All(b => b.Provider != o.Provider)).Take(Math.Max(0, room)).ToArray();
        var made = await Task.WhenAll(offers.Select(o => BookOfferAsync(group, o, now)));

        var changes = new Changes();
        var verdicts = outcome.Verdicts;
        foreach (var answer in made)
        {
            if (answer.Bid is { } bid)
            {
                _bids[bid.Key] = bid;
                TellBid(changes, bid, "bid.created");
            }
            else
            {
                verdicts = verdicts.Add(answer.Verdict!);
            }
        }

        var report = new ScreeningReport(
            OrderId(group),
            now,
            outcome.Considered,
            [.. open.Select(static b => b.Provider), .. made.Where(static m => m.Bid is not null).Select(static m => m.Bid!.Provider)],
            verdicts,
            outcome.Counts);
        changes.With(ScreeningRow.Kind.Child(Id, OrderRow.KeyOf(group.Gseq, order.Oseq), new ScreeningRow(report)));

        // With nobody left who bids on its own there is nothing to wait for.
        var windowEnds = outcome.ExternalBidders || order.WindowEndsAt <= now ? order.WindowEndsAt : now;
        await MustCommitAsync(State.With(group with { Order = order with { ScreenedAt = now, WindowEndsAt = windowEnds } }), changes);
        return true;
    }

    private int BidsOf(GroupState group) => _bids.Values.Count(b => b.Of(group.Gseq, group.Order.Oseq));

    private int NextAttempt(GroupState group, string provider) => 1 + _bids.Values.Count(b => b.Of(group.Gseq, group.Order.Oseq) && b.Provider == provider);

    private async Task<(BidState? Bid, ScreeningVerdict? Verdict)> BookOfferAsync(GroupState group, ManagedOffer offer, DateTimeOffset now)
    {
        var attempt = NextAttempt(group, offer.Provider);
        var booked = await BookAsync(group, offer.Provider, attempt, offer.Nodes, _options.BidDeposit, now);
        if (!booked.IsOk)
        {
            return (null, new ScreeningVerdict(offer.Provider, null, booked.Refusal.Code, string.Join(", ", booked.Refusal.Facts.Select(static f => $"{f.Name} {f.Value}")), booked.Refusal.Detail));
        }

        return (new BidState(
            offer.Provider,
            group.Gseq,
            group.Order.Oseq,
            attempt,
            BidStatus.Open,
            offer.Price.ToString(),
            State.Denom,
            Managed: true,
            offer.Score,
            _options.BidDeposit,
            HoldId(group, offer.Provider, attempt),
            0,
            booked.Value,
            now,
            Released: false), null);
    }

    private string HoldId(GroupState group, string provider, int attempt) => $"bid/{OrderId(group)}/{provider}/{attempt}";

    /// <summary>Books every node of an offer and holds the bid's deposit; gives everything back when one part is refused. What a crash leaves behind expires by itself.</summary>
    private async Task<Result<ImmutableArray<BidBooking>>> BookAsync(GroupState group, string provider, int attempt, ImmutableArray<NodeOffer> nodes, long deposit, DateTimeOffset now)
    {
        var id = HoldId(group, provider, attempt);
        var expires = now + _options.BookingLifetime;
        var bookings = ImmutableArray.CreateBuilder<BidBooking>(nodes.Length);
        Refusal? refusal = null;
        foreach (var offer in nodes)
        {
            var reserved = await Node(offer.Node).ReserveAsync(id, offer.Demand, expires);
            if (!reserved.IsOk)
            {
                refusal = reserved.Refusal;
                break;
            }

            bookings.Add(new BidBooking(offer.Node, id));
        }

        if (refusal is null && deposit > 0)
        {
            var held = await Ledger.ExecuteAsync(new Transfer(id, TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(provider), -deposit)], ExpiresAt: null, Memo: "bid deposit"));
            refusal = held.Refusal;
        }

        if (refusal is null)
        {
            return bookings.ToImmutable();
        }

        foreach (var booking in bookings)
        {
            await Node(booking.Node).ReleaseAsync(booking.ReservationId);
        }

        return refusal;
    }

    /// <summary>Gives back what a bid that is over still holds.</summary>
    private async Task<bool> ReleaseStepAsync()
    {
        var over = _bids.Values.Where(static b => b is { Released: false, Status: BidStatus.Lost or BidStatus.Closed }).ToArray();
        if (over.Length == 0)
        {
            return false;
        }

        var changes = new Changes();
        foreach (var bid in over)
        {
            if (bid.Deposit > 0)
            {
                await Ledger.ExecuteAsync(new Transfer(bid.HoldId + "/release", TransferKind.Release, [], HoldId: bid.HoldId, Memo: "bid deposit returned"));
            }

            foreach (var booking in bid.Bookings)
            {
                await Node(booking.Node).ReleaseAsync(booking.ReservationId);
            }

            changes.With(BidState.Kind.Child(Id, bid.Key, bid with { Released = true }));
        }

        await MustCommitAsync(State, changes);
        foreach (var bid in over)
        {
            _bids[bid.Key] = bid with { Released = true };
        }

        return true;
    }

    /// <summary>Ends open bids of an order in memory and in the change set; their deposits and bookings go back in the release step.</summary>
    private Dictionary<string, BidState> EndBids(GroupState group, BidStatus to, Changes changes, string? except = null)
    {
        var ended = new Dictionary<string, BidState>(StringComparer.Ordinal);
        foreach (var bid in _bids.Values.Where(b => b.Of(group.Gseq, group.Order.Oseq) && b.Status is BidStatus.Open or BidStatus.Active && b.Key != except))
        {
            if (!bid.Of(group.Gseq, group.Order.Oseq))
            {
                continue;
            }

            var next = bid with { Status = to };
            TellBid(changes, next, to == BidStatus.Lost ? "bid.lost" : "bid.closed");
            ended[next.Key] = next;
        }

        return ended;
    }

    private void Publish(Dictionary<string, BidState> bids)
    {
        foreach (var (key, bid) in bids)
        {
            _bids[key] = bid;
        }
    }
}
