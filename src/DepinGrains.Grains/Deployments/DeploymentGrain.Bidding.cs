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
    private const int TransfersPerCall = 100;

    /// <summary>What was screened with the commit that created the deployment, by group; nothing of it is booked yet.</summary>
    private readonly SortedDictionary<int, ScreeningPlan> _plans = [];

    /// <summary>Managed bidding: screens the market, books room and deposits for the cheapest offers at once, and keeps the reasons of all others.</summary>
    private async Task<bool> ScreenStepAsync(GroupState group)
    {
        if (!Screens(group))
        {
            return false;
        }

        if (_plans.Remove(group.Gseq, out var plan))
        {
            Try(plan);
        }
        else
        {
            plan = await PlanAsync(State, group);
            if (plan.Tried.Length > 0)
            {
                await IntendAsync(group, plan.Tried);
            }
        }

        await BookedAsync(State, Group(group.Gseq)!, plan, await BookAsync(plan.Tried), new Changes());
        return true;
    }

    /// <summary>Writes what came of booking: bids and the reasons of all others, and the award when the window is over.</summary>
    private async Task BookedAsync(DeploymentState state, GroupState group, ScreeningPlan plan, Refusal?[] refusals, Changes changes)
    {
        var (now, outcome, open, tried) = plan;
        var order = group.Order;
        var unbooked = new List<ScreeningVerdict>();
        var made = new List<BidState>();
        for (var i = 0; i < tried.Length; i++)
        {
            if (refusals[i] is not { } refusal)
            {
                made.Add(tried[i] with { Status = BidStatus.Open, Released = false, Placed = true });
                continue;
            }

            unbooked.Add(ScreeningVerdicts.Of(tried[i].Provider, null, refusal));
        }

        var verdicts = open.Length + made.Count == 0 || outcome.Verdicts.Length <= _options.VerdictsKept ? outcome.Verdicts : outcome.Verdicts[.._options.VerdictsKept];

        var report = new ScreeningReport(
            OrderId(group),
            now,
            outcome.Considered,
            [.. open.Select(static b => b.Provider), .. made.Select(static b => b.Provider)],
            [.. verdicts, .. unbooked],
            outcome.Counts);
        changes.With(ScreeningRow.Kind.Child(Id, OrderRow.KeyOf(group.Gseq, order.Oseq), new ScreeningRow(report)));

        // With nobody left who bids on its own there is nothing to wait for.
        var windowEnds = outcome.ExternalBidders || order.WindowEndsAt <= now ? order.WindowEndsAt : now;
        group = group with { Order = order with { ScreenedAt = now, WindowEndsAt = windowEnds, Trying = [] } };
        var winner = Best(state, group, [.. open, .. made]);
        // Who loses in the step that made its bid has nothing to see before that: its bid is written once, with what became of it. The winner's stands, so that its provider cannot leave behind it.
        var unlisted = made.ToLookup(b => winner is not null && b.Key != winner.Key);
        foreach (var bid in unlisted[false])
        {
            TellBid(changes, bid, "bid.created");
        }

        await CreatedAsync(state, group with { Order = group.Order with { Trying = [.. unlisted[true]] } }, winner, tried, made, changes);
    }

    /// <summary>The group, and in the changes, told and (unless what became of them is written with it) as rows, the bids that stood only in its order.</summary>
    private GroupState Listed(GroupState group, Changes changes, bool rows = true)
    {
        foreach (var bid in group.Order.Trying.Where(static b => b.Status == BidStatus.Open))
        {
            TellBid(changes, bid, "bid.created", rows);
        }

        return group with { Order = group.Order with { Trying = group.Order.Trying.RemoveAll(static b => b.Status == BidStatus.Open) } };
    }

    /// <summary>
    /// Writes bids that were made, and with them the award when the window is over. The winner's nodes may confirm meanwhile: should the commit not come through, what stands in the row still says that
    /// its bookings go back, confirmed or not.
    /// </summary>
    private async Task CreatedAsync(DeploymentState state, GroupState group, BidState? winner, IReadOnlyList<BidState> tried, IReadOnlyList<BidState> made, Changes changes)
    {
        if (winner is null)
        {
            await MustCommitAsync(state.With(group), changes);
            Settled(tried, made);
            return;
        }

        var early = made.Any(b => b.Key == winner.Key);
        var confirming = early ? ConfirmAllAsync(winner, BidId(winner)) : null;
        var committing = MustCommitAsync(state.With(Awarding(group, new AwardIntent(winner.Provider, winner.Attempt))), changes);
        try
        {
            await committing;
            Settled(tried, made);
        }
        finally
        {
            if (confirming is not null)
            {
                await ConfirmedAsync(winner, confirming);
            }
        }
    }

    /// <summary>Whether the nodes took it: the award asks again where that is unknown.</summary>
    private async Task ConfirmedAsync(BidState winner, Task<Result<Confirmed>> confirming)
    {
        try
        {
            var confirmed = await confirming;
            _confirmed = (winner.Key, confirmed);
        }
        catch (Exception e)
        {
            LogStepFailed(log, e, Id);
        }
    }

    /// <summary>True when managed bidding has to look at the group's order.</summary>
    private bool Screens(GroupState group) =>
        State.Status == DeploymentStatus.Active && group is { Status: GroupStatus.Open, Order: { Status: OrderStatus.Open, Award: null, End: null } order }
        && (order.ScreenedAt is not { } before || clock.Now >= before + _options.RescreenEvery);

    private async Task<ScreeningPlan> PlanAsync(DeploymentState state, GroupState group)
    {
        var order = group.Order;
        var request = new ScreeningRequest(OrderId(group), state.Owner, group.Spec, group.Slots, state.Denom, Rate.Parse(order.Ceiling), state.ReclaimMinSeconds);
        var now = clock.Now;
        var outcome = await screening.ScreenAsync(request);
        var open = _bids.Values.Where(b => b.Of(group.Gseq, order.Oseq) && b.Status == BidStatus.Open).ToImmutableArray();
        var room = Math.Min(_options.ManagedBidsMax, _options.BidsMax - open.Length);
        var able = outcome.Offers.Where(o => open.All(b => b.Provider != o.Provider)).ToArray();
        var offers = able.Take(room).ToArray();
        if (offers is [.., var dearest])
        {
            outcome = outcome.Outpriced(able[offers.Length..], dearest.Price);
        }

        var deposit = await BidDepositAsync(state.Denom);
        // Decided in the very step that books: no node need write down what most of them give back at once.
        var passing = state.Winner == WinnerRule.Lowest && (!outcome.ExternalBidders || order.WindowEndsAt <= now);
        return new ScreeningPlan(now, outcome, open, [.. offers.Select(o => Tried(group, o, state.Denom, deposit, managed: true, o.ReclaimWindowSeconds) with { Passing = passing })]);
    }

    /// <summary>A deployment as it is created, with the bids its groups will try: their intent needs no commit of its own.</summary>
    private async Task<DeploymentState> PlannedAsync(DeploymentState next)
    {
        // Of a creation that could not be stored.
        _plans.Clear();
        foreach (var group in next.Groups)
        {
            var plan = await PlanAsync(next, group);
            _plans[group.Gseq] = plan;
            next = plan.Tried.IsEmpty ? next : next.With(Intended(group, plan.Tried));
        }

        return next;
    }

    /// <summary>
    /// Books what was planned for the first group that was, so that its bids are written with the commit that opens the deployment. Null when nothing was planned, long ago, or it is not known what became
    /// of the booking: then the release step gives back what stands in the row for it, and the order is screened anew.
    /// </summary>
    private async Task<(int Gseq, ScreeningPlan Plan, Refusal?[] Refusals)?> TryBookFirstAsync()
    {
        if (_plans.Values.Any(p => p.At + _options.RetryAfter < clock.Now))
        {
            DropPlans(static _ => false);
        }

        if (_plans.Count == 0)
        {
            return null;
        }

        var (gseq, plan) = _plans.First();
        _plans.Remove(gseq);
        Try(plan);
        try
        {
            return (gseq, plan, await BookAsync(plan.Tried));
        }
        catch (Exception e)
        {
            LogStepFailed(log, e, Id);
            return null;
        }
    }

    private static GroupState Intended(GroupState group, ImmutableArray<BidState> tried) => group with { Order = group.Order with { Tries = group.Order.Tries + 1, Trying = tried } };

    /// <summary>Plans that will not be carried out: what stands in the row for them is given back, though nothing is booked.</summary>
    private void DropPlans(Func<GroupState, bool> wanted)
    {
        foreach (var gseq in _plans.Keys.Where(g => !wanted(Group(g)!)).ToArray())
        {
            _plans.Remove(gseq, out var plan);
            Try(plan!);
        }
    }

    private void Try(ScreeningPlan plan)
    {
        foreach (var bid in plan.Tried)
        {
            _bids[bid.Key] = bid;
        }
    }

    private sealed record ScreeningPlan(DateTimeOffset At, ScreeningOutcome Outcome, ImmutableArray<BidState> Open, ImmutableArray<BidState> Tried);

    /// <summary>A bid before anything is booked for it, under ids never used before: a refused booking or deposit is refused for ever under its id.</summary>
    private BidState Tried(GroupState group, ManagedOffer offer, string denom, long deposit, bool managed, long reclaimSeconds)
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
            denom,
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
    private async Task IntendAsync(GroupState group, params ImmutableArray<BidState> tried)
    {
        await MustCommitAsync(State.With(Intended(group, tried)) with { NextActionAt = clock.Now + _options.RetryAfter }, new Changes());
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

    /// <summary>Books the nodes of bids and holds their deposits, all at once; what a bid got is given back when another part of it is refused. Answers the refusal of each, or null.</summary>
    private async Task<Refusal?[]> BookAsync(params IReadOnlyList<BidState> bids)
    {
        var rooms = Task.WhenAll(bids.Select(RoomAsync));
        var deposits = ExecuteAsync([.. bids.Where(static b => b.Deposit > 0).Select(HoldOf)]);
        await Task.WhenAll(rooms, deposits);
        var held = (await deposits).Where(static d => d.IsOk).Select(static d => d.Value!.Id).ToHashSet(StringComparer.Ordinal);
        var refusals = await rooms;
        var next = 0;
        var back = new List<BidState>();
        for (var i = 0; i < refusals.Length; i++)
        {
            var deposit = bids[i].Deposit > 0 ? (await deposits)[next++].Refusal : null;
            if ((refusals[i] ?? deposit) is { } refusal)
            {
                refusals[i] = refusal;
                back.Add(bids[i] with { Placed = true, Deposit = held.Contains(bids[i].HoldId) ? bids[i].Deposit : 0 });
            }
        }

        await GiveBackAsync(back);
        return refusals;
    }

    private async Task<Refusal?> RoomAsync(BidState bid)
    {
        var expires = bid.At + _options.BookingLifetime;
        var asked = bid.Bookings.Select(async b => (await Node(b.Node).ReserveAsync(b.ReservationId, b.Demand!, expires, bid.Passing)).Refusal).ToList();
        if (!bid.Ips.IsEmpty)
        {
            asked.Add(AddressesAsync(bid, expires));
        }

        return (await Task.WhenAll(asked)).FirstOrDefault(static r => r is not null);
    }

    private async Task<Refusal?> AddressesAsync(BidState bid, DateTimeOffset expires) => (await Pool(bid.Provider).ReserveAsync(bid.HoldId, bid.Ips, expires)).Refusal;

    private static Transfer HoldOf(BidState bid) =>
        new(bid.HoldId, TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(bid.Provider), -bid.Deposit)], ExpiresAt: null, Memo: "bid deposit");

    /// <summary>Transfers in order, in as few calls to the ledger as may be.</summary>
    private async Task<ImmutableArray<Result<TransferReceipt>>> ExecuteAsync(ImmutableArray<Transfer> transfers)
    {
        var answers = ImmutableArray.CreateBuilder<Result<TransferReceipt>>(transfers.Length);
        foreach (var part in transfers.Chunk(TransfersPerCall))
        {
            answers.AddRange(await Ledger.ExecuteManyAsync([.. part]));
        }

        return answers.DrainToImmutable();
    }

    /// <summary>Gives back what bids that are over still hold.</summary>
    private async Task<bool> ReleaseStepAsync()
    {
        var over = _bids.Values.Where(static b => b is { Released: false, Status: BidStatus.Lost or BidStatus.Closed }).ToArray();
        if (over.Length == 0)
        {
            return false;
        }

        if (over.Any(State.IsTrying))
        {
            // What an earlier activation was booking may have become bids of a later one: who cannot write any more must not give their deposits away.
            await MustCommitAsync(State, new Changes());
        }

        await GiveBackAsync(over);
        var changes = new Changes();
        foreach (var bid in over.Where(b => !State.IsTrying(b)))
        {
            changes.With(BidState.Kind.Child(Id, bid.Key, bid with { Released = true }));
        }

        var tried = over.Where(State.IsTrying).ToArray();
        await MustCommitAsync(State with { Groups = [.. State.Groups.Select(g => g.Order.Trying.IsEmpty || _plans.ContainsKey(g.Gseq) ? g : g with { Order = g.Order with { Trying = g.Order.Trying.RemoveAll(static b => b.Status != BidStatus.Open) } })] }, changes);
        Settled(tried, over.Except(tried).Select(static b => b with { Released = true }));
        return true;
    }

    /// <summary>
    /// Reads the bids of each group's newest order and of the one before it: nothing else can still hold anything, because the release step comes before a next order can end.
    /// </summary>
    private async Task LoadBidsAsync(CancellationToken cancel)
    {
        foreach (var group in State.Groups)
        {
            foreach (var tried in group.Order.Trying)
            {
                _bids[tried.Key] = tried;
            }

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

    /// <summary>Deposits and bookings of bids; bids have nothing in common, so they go back at once.</summary>
    private async Task GiveBackAsync(IReadOnlyList<BidState> bids)
    {
        var transfers = ImmutableArray.CreateBuilder<Transfer>();
        foreach (var bid in bids.Where(static b => b.Deposit > 0))
        {
            if (!bid.Placed)
            {
                // A stale activation may still be about to place this hold: its id is used up first, refused or held, so that nothing can arrive after the release.
                transfers.Add(HoldOf(bid));
            }

            transfers.Add(new Transfer(bid.HoldId + "/release", TransferKind.Release, [], HoldId: bid.HoldId, Memo: "bid deposit returned"));
        }

        // Of what an earlier activation tried, a confirmation may still be on its way.
        var rooms = bids.SelectMany(bid => bid.Bookings.Select(b => (Task)Node(b.Node).ReleaseAsync(b.ReservationId, bid is { Passing: true, Placed: true })));
        var addresses = bids.Where(static b => !b.Ips.IsEmpty).Select(b => (Task)Pool(b.Provider).ReleaseAsync(b.HoldId));
        await Task.WhenAll([ExecuteAsync(transfers.DrainToImmutable()), .. rooms, .. addresses]);
    }

    /// <summary>Bids of an order that are not over.</summary>
    private IEnumerable<BidState> Standing(GroupState group, string? except = null) =>
        _bids.Values.Where(b => b.Of(group.Gseq, group.Order.Oseq) && b.Status is (BidStatus.Open or BidStatus.Active) && b.Key != except);

    /// <summary>Ends open bids of an order in the change set; their deposits and bookings go back in the release step, unless they did already.</summary>
    private Dictionary<string, BidState> EndBids(GroupState group, BidStatus to, Changes changes, string? except = null, bool released = false)
    {
        var ended = new Dictionary<string, BidState>(StringComparer.Ordinal);
        foreach (var bid in Standing(group, except))
        {
            var next = bid with { Status = to, Released = released };
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
