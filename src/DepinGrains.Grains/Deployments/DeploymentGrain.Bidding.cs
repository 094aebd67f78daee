using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    private const int BidPage = 500;

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
        var room = Math.Min(_options.ManagedBidsMax, _options.BidsMax - open.Length);
        var offers = outcome.Offers.Where(o => open.All(b => b.Provider != o.Provider)).Take(Math.Max(0, room)).ToArray();
        var deposit = await BidDepositAsync();
        var tried = offers.Select(o => Tried(group, o, deposit, managed: true, o.ReclaimWindowSeconds)).ToArray();
        if (tried.Length > 0)
        {
            await IntendAsync(group, tried);
            group = Group(group.Gseq)!;
            order = group.Order;
        }

        var refusals = await Task.WhenAll(tried.Select((b, i) => BookAsync(b, offers[i].Nodes)));
        var changes = new Changes();
        var verdicts = outcome.Verdicts;
        var made = new List<BidState>();
        for (var i = 0; i < tried.Length; i++)
        {
            if (refusals[i] is not { } refusal)
            {
                made.Add(tried[i] with { Status = BidStatus.Open, Released = false, Placed = true });
                TellBid(changes, made[^1], "bid.created");
                continue;
            }

            changes.With(BidState.Kind.Delete(Id, tried[i].Key));
            verdicts = verdicts.Add(ScreeningVerdicts.Of(tried[i].Provider, null, refusal));
        }

        var report = new ScreeningReport(
            OrderId(group),
            now,
            outcome.Considered,
            [.. open.Select(static b => b.Provider), .. made.Select(static b => b.Provider)],
            verdicts,
            outcome.Counts);
        changes.With(ScreeningRow.Kind.Child(Id, OrderRow.KeyOf(group.Gseq, order.Oseq), new ScreeningRow(report)));

        // With nobody left who bids on its own there is nothing to wait for.
        var windowEnds = outcome.ExternalBidders || order.WindowEndsAt <= now ? order.WindowEndsAt : now;
        await MustCommitAsync(State.With(group with { Order = order with { ScreenedAt = now, WindowEndsAt = windowEnds } }), changes);
        Settled(tried, made);
        return true;
    }

    /// <summary>A bid before anything is booked for it, under ids never used before: a refused booking or deposit is refused for ever under its id.</summary>
    private BidState Tried(GroupState group, ManagedOffer offer, long deposit, bool managed, long reclaimSeconds)
    {
        var attempt = group.Order.Tries + 1;
        var id = $"bid/{OrderId(group)}/{offer.Provider}/{attempt}";
        return new BidState(
            offer.Provider,
            group.Gseq,
            group.Order.Oseq,
            attempt,
            BidStatus.Closed,
            offer.Price.ToString(),
            State.Denom,
            managed,
            offer.Score,
            deposit,
            id,
            reclaimSeconds,
            [.. offer.Nodes.Select(n => new BidBooking(n.Node, id, n.Demand))],
            clock.Now,
            Released: false)
        {
            Ips = group.Ips,
            BookedUntil = clock.Now + _options.BookingLifetime,
        };
    }

    /// <summary>Writes bids as closed with everything still to give back, before anything is booked: after a crash the release step takes back what was.</summary>
    private async Task IntendAsync(GroupState group, params IReadOnlyList<BidState> tried)
    {
        var changes = new Changes();
        foreach (var bid in tried)
        {
            changes.With(BidState.Kind.Child(Id, bid.Key, bid));
        }

        await MustCommitAsync(State.With(group with { Order = group.Order with { Tries = group.Order.Tries + 1 } }) with { NextActionAt = clock.Now + _options.RetryAfter }, changes);
        foreach (var bid in tried)
        {
            _bids[bid.Key] = bid;
        }
    }

    /// <summary>After the commit: what came of bids that were tried.</summary>
    private void Settled(IEnumerable<BidState> tried, IEnumerable<BidState> made)
    {
        foreach (var bid in tried)
        {
            _bids.Remove(bid.Key);
        }

        foreach (var bid in made)
        {
            _bids[bid.Key] = bid;
        }
    }

    /// <summary>Books every node of an offer and holds the bid's deposit; gives everything back when one part is refused.</summary>
    private async Task<Refusal?> BookAsync(BidState bid, ImmutableArray<NodeOffer> nodes)
    {
        var expires = bid.At + _options.BookingLifetime;
        Refusal? refusal = null;
        foreach (var offer in nodes)
        {
            refusal = (await Node(offer.Node).ReserveAsync(bid.HoldId, offer.Demand, expires)).Refusal;
            if (refusal is not null)
            {
                break;
            }
        }

        if (refusal is null && !bid.Ips.IsEmpty)
        {
            refusal = (await Pool(bid.Provider).ReserveAsync(bid.HoldId, bid.Ips, expires)).Refusal;
        }

        if (refusal is null && bid.Deposit > 0)
        {
            refusal = (await Ledger.ExecuteAsync(HoldOf(bid))).Refusal;
        }

        if (refusal is not null)
        {
            await UnbookAsync(bid);
        }

        return refusal;
    }

    private static Transfer HoldOf(BidState bid) =>
        new(bid.HoldId, TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(bid.Provider), -bid.Deposit)], ExpiresAt: null, Memo: "bid deposit");

    private async Task UnbookAsync(BidState bid)
    {
        foreach (var booking in bid.Bookings)
        {
            await Node(booking.Node).ReleaseAsync(booking.ReservationId);
        }

        if (!bid.Ips.IsEmpty)
        {
            await Pool(bid.Provider).ReleaseAsync(bid.HoldId);
        }
    }

    /// <summary>Gives back what a bid that is over still holds.</summary>
    private async Task<bool> ReleaseStepAsync()
    {
        var over = _bids.Values.Where(static b => b is { Released: false, Status: BidStatus.Lost or BidStatus.Closed }).ToArray();
        if (over.Length == 0)
        {
            return false;
        }

        await Task.WhenAll(over.Select(GiveBackAsync));
        var changes = new Changes();
        foreach (var bid in over)
        {
            changes.With(BidState.Kind.Child(Id, bid.Key, bid with { Released = true }));
        }

        await MustCommitAsync(State, changes);
        foreach (var bid in over)
        {
            _bids[bid.Key] = bid with { Released = true };
        }

        return true;
    }

    /// <summary>
    /// Reads the bids of each group's newest order and of the one before it: nothing else can still hold anything, because the release step comes before a next order can end.
    /// </summary>
    private async Task LoadBidsAsync(CancellationToken cancel)
    {
        foreach (var group in State.Groups)
        {
            string? cursor = null;
            do
            {
                ImmutableArray<Filter> filters =
                [
                    new("parent", Comparison.Equal, Id),
                    new("key", Comparison.GreaterOrEqual, BidState.KeysFrom(group.Gseq, group.Order.Oseq - 1)),
                    new("key", Comparison.Less, BidState.KeysFrom(group.Gseq, group.Order.Oseq + 1)),
                ];
                var page = await store.ListAsync(new ListQuery(BidState.Kind.Table.Kind, filters, "key", false, BidPage, cursor), cancel);
                foreach (var row in page.Rows)
                {
                    var bid = RowKind<BidState>.Read(row);
                    _bids[bid.Key] = bid;
                }

                ForgetBids();
                cursor = page.NextCursor;
            }
            while (cursor is not null);
        }
    }

    /// <summary>Drops from memory what is over: all bids of older orders, and the oldest of the newest order beyond <see cref="DeploymentOptions.BidsKept"/>. Their rows stay.</summary>
    private void ForgetBids()
    {
        foreach (var group in State.Groups)
        {
            var over = _bids.Values.Where(b => b.Gseq == group.Gseq && b.IsDone).OrderByDescending(static b => b.Oseq).ThenByDescending(static b => b.Attempt).ToArray();
            foreach (var bid in over.Where((b, i) => b.Oseq < group.Order.Oseq || i >= _options.BidsKept))
            {
                _bids.Remove(bid.Key);
            }
        }
    }

    /// <summary>One bid's deposit and bookings; bids have nothing in common, so they go back at once.</summary>
    private async Task GiveBackAsync(BidState bid)
    {
        if (bid.Deposit > 0)
        {
            if (!bid.Placed)
            {
                // A stale activation may still be about to place this hold: its id is used up first, refused or held, so that nothing can arrive after the release.
                await Ledger.ExecuteAsync(HoldOf(bid));
            }

            await Ledger.ExecuteAsync(new Transfer(bid.HoldId + "/release", TransferKind.Release, [], HoldId: bid.HoldId, Memo: "bid deposit returned"));
        }

        await UnbookAsync(bid);
    }

    /// <summary>Ends open bids of an order in memory and in the change set; their deposits and bookings go back in the release step.</summary>
    private Dictionary<string, BidState> EndBids(GroupState group, BidStatus to, Changes changes, string? except = null)
    {
        var ended = new Dictionary<string, BidState>(StringComparer.Ordinal);
        foreach (var bid in _bids.Values.Where(b => b.Of(group.Gseq, group.Order.Oseq) && b.Status is (BidStatus.Open or BidStatus.Active) && b.Key != except))
        {
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
