using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    /// <summary>What the winner's nodes and pool answered while its award was being written.</summary>
    private (string Bid, Result<Confirmed> Answer)? _confirmed;

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

        var print = Changes.Fingerprint(new { Command = "accept", Gseq = gseq, Oseq = oseq, Provider = provider });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Group(gseq) is not { } group || group.Order.Oseq != oseq)
        {
            return Refusal.Of("order.not_found", $"no order {Id}/{gseq}/{oseq}", ("order", $"{Id}/{gseq}/{oseq}"));
        }

        if (group.Order.Winner == provider)
        {
            await NothingToDoAsync(operationId, print);
            await AdvanceAsync();
            return View();
        }

        if (group.Order.Award?.Provider == provider)
        {
            await AdvanceAsync();
            return AwardAnswer(gseq);
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

        var intent = new AwardIntent(provider, bid.Attempt) { OperationId = operationId, Print = Convert.ToHexString(print.Span) };
        await MustCommitAsync(State.With(Awarding(group, intent)), new Changes());
        await AdvanceAsync();
        return AwardAnswer(gseq);
    }

    /// <summary>The group with an award under way; what was wrong with an earlier one is no answer to this one.</summary>
    private static GroupState Awarding(GroupState group, AwardIntent award) => group with { Order = group.Order with { Award = award, Problem = null } };

    /// <summary>What came of the tenant's choice; while it is not known yet, the deployment as it stands.</summary>
    private Result<DeploymentView> AwardAnswer(int gseq) => Group(gseq)!.Order is { LeaseId: null, Award: null, Problem: { } problem } ? problem : View();

    /// <summary>Remembers what came of an award as the answer to the command that asked for it.</summary>
    private static Changes Answered(Changes changes, AwardIntent? award, Result<Done> answer) => award is { OperationId: { } operation, Print: { } print }
        ? changes.Remember(operation, Convert.FromHexString(print), answer)
        : changes;

    /// <summary>When the window is over the best bid wins (<see cref="WinnerChoice"/>).</summary>
    private async Task<bool> ChooseStepAsync(GroupState group)
    {
        if (Best(State, group, _bids.Values.Where(b => b.Of(group.Gseq, group.Order.Oseq) && b.Status == BidStatus.Open)) is not { } best)
        {
            return false;
        }

        await MustCommitAsync(State.With(Awarding(group, new AwardIntent(best.Provider, best.Attempt))), new Changes());
        return true;
    }

    /// <summary>The bid that wins now, if any does.</summary>
    private BidState? Best(DeploymentState state, GroupState group, IEnumerable<BidState> open)
    {
        var order = group.Order;
        if (state.Winner != WinnerRule.Lowest || state.Status != DeploymentStatus.Active || group.Status != GroupStatus.Open
            || order.Status != OrderStatus.Open || order.Award is not null || clock.Now < order.WindowEndsAt)
        {
            return null;
        }

        var bids = open.ToDictionary(static b => b.Key, StringComparer.Ordinal);
        return WinnerChoice.Best(bids.Values.Select(static b => new RankedBid(b.Key, Rate.Parse(b.Price), b.Score, b.At))) is { } ranked ? bids[ranked.Id] : null;
    }

    /// <summary>
    /// The award saga: intent (committed before) → each node and the address pool confirm → host names are claimed → escrow streams → lease opens and gets its manifest, while losers get back what they
    /// held → order and bids say so, in one commit. Opening the payment is the point of no return: refused before it → the bookings go back and the next bid has its turn; after it every step is only
    /// ever repeated, and what would be refused now ends the lease instead.
    /// </summary>
    private async Task<bool> AwardStepAsync(GroupState group)
    {
        if (group.Order is not { Award: { } award } order)
        {
            return false;
        }

        var bid = _bids.Values.First(b => b.Of(group.Gseq, order.Oseq) && b.Provider == award.Provider && b.Attempt == award.Attempt);
        var lease = BidId(bid);
        var confirmed = _confirmed is { } early && early.Bid == bid.Key ? early.Answer : await ConfirmAllAsync(bid, lease);
        _confirmed = null;
        if (!confirmed.IsOk)
        {
            await UndoAwardAsync(group, bid, confirmed.Refusal);
            return true;
        }

        if (ProviderStanding.WhyNot(bid.Provider, await store.ReadAsync(RowId.Root(ProviderState.Kind.Table.Kind, bid.Provider)), clock.Now) is { } leaving && !await PaysAsync(lease))
        {
            await UndoAwardAsync(group, bid, leaving);
            return true;
        }

        var unclaimed = await ClaimAsync(group.Hostnames);
        if (unclaimed is not null && !await PaysAsync(lease))
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

        var terms = new LeaseTerms("deployments", State.Owner, bid.Provider, Id, State.Denom, bid.Price, confirmed.Value.Bookings, bid.ReclaimWindowSeconds, clock.Now) { Addresses = confirmed.Value.Addresses };
        var changes = new Changes();
        var listed = Listed(group, changes, rows: false);
        var opening = OpenLeaseAsync(listed with { Order = listed.Order with { Status = OrderStatus.Active, Award = null, LeaseId = lease, Winner = bid.Provider, Problem = unclaimed, End = Unserved(unclaimed) } }, terms);
        var releasing = TryGiveBackAsync([.. Standing(group, bid.Key)]);
        await Task.WhenAll(opening, releasing);
        var (next, released) = (await opening, await releasing);
        var ended = EndBids(group, BidStatus.Lost, changes, bid.Key, released);
        var won = bid with { Status = BidStatus.Active, Passing = false };
        TellBid(changes, won, "bid.won");
        TellOrder(changes, next, "order.matched");
        (_fundsDue, _fundsKnown) = LookAt(paid.Value);
        Answered(changes, award, Done.Instance);
        await MustCommitAsync(released ? Resting(State.With(next)) : State.With(next), changes);
        metrics.Matched(clock.Now - order.OpenedAt, LeaseState.ResourceClassOf(terms), State.Denom, bid.Price);
        Publish(ended);
        _bids[won.Key] = won;
        ForgetSdl();
        return true;
    }

    /// <summary>Past the point of no return: an attempt before this one opened the payment, and only the end of the lease ends that.</summary>
    private async Task<bool> PaysAsync(string lease)
    {
        if (await Escrow.GetAsync() is { IsOk: true, Value: var escrow } && escrow.Payments.Any(p => p.Id == lease))
        {
            return true;
        }

        // Said with a write: nothing that an overtaken activation of the escrow has under way opens it behind the undo.
        var fenced = await Escrow.ClosePaymentAsync(lease);
        return fenced.IsOk || fenced.Refusal.Code is "escrow.not_found" or "escrow.account_closed" ? false : throw new InvalidOperationException(fenced.Refusal.ToString());
    }

    /// <summary>A lease that is paid already and whose host names another deployment has ends as soon as it stands.</summary>
    private static EndIntent? Unserved(Refusal? unclaimed) =>
        unclaimed is null ? null : new EndIntent(LeaseCloseReasons.ManifestRefused, unclaimed.Detail, Relist: false, GroupStatus.Paused);

    /// <summary>Every node and the address pool of a bid, at once.</summary>
    private async Task<Result<Confirmed>> ConfirmAllAsync(BidState bid, string lease)
    {
        var addresses = ConfirmAddressesAsync(bid, lease);
        var bookings = Task.WhenAll(bid.Bookings.Select(b => ConfirmAsync(b, lease)));
        await Task.WhenAll(addresses, bookings);
        if (((await bookings).FirstOrDefault(static b => !b.IsOk).Refusal ?? (await addresses).Refusal) is { } refusal)
        {
            return refusal;
        }

        return new Confirmed([.. (await bookings).Select(static b => b.Value!)], (await addresses).Value);
    }

    /// <summary>Opens the lease of an award, with its manifest unless the deployment is ending or out of money; the group with what came of it.</summary>
    private async Task<GroupState> OpenLeaseAsync(GroupState group, LeaseTerms terms)
    {
        var deploys = State is { Status: DeploymentStatus.Active, PausedAt: null } && group.Order.End is null;
        var workloads = deploys ? await WorkloadsAsync(group) : [];
        var opened = await Lease(group.Order.LeaseId!).OpenAsync(terms, workloads);
        if (!opened.IsOk && (!deploys || opened.Refusal.Code == "lease.exists"))
        {
            throw new InvalidOperationException(opened.Refusal.ToString());
        }

        return deploys ? Deployed(group, opened) : group;
    }

    /// <summary>False when it is not known whether all came back: the release step does it again.</summary>
    private async Task<bool> TryGiveBackAsync(IReadOnlyList<BidState> bids)
    {
        try
        {
            await GiveBackAsync(bids);
            return true;
        }
        catch (Exception e)
        {
            LogStepFailed(log, e, Id);
            return false;
        }
    }

    /// <summary>When the escrow must be looked at after a payment was opened; at once unless its answer says all there is to know.</summary>
    private (DateTimeOffset? Due, bool Known) LookAt(EscrowView escrow) =>
        State.TopUp is null && State.PausedAt is null && escrow.Status == EscrowStatus.Open
            ? (escrow.RunOutHeight is { } height ? clock.TimeOf(height) : null, true)
            : (clock.Now, false);

    /// <summary>Before the point of no return: the bid is over. With <paramref name="groupAfter"/> no other bid would fare better: the order is closed too.</summary>
    private async Task UndoAwardAsync(GroupState group, BidState bid, Refusal why, GroupStatus? groupAfter = null)
    {
        // A confirmation that is not known of may still arrive.
        bid = _bids[bid.Key] = bid with { Passing = false };
        var changes = new Changes();
        var ended = new Dictionary<string, BidState>(StringComparer.Ordinal);
        var listed = Listed(group, changes);
        var next = listed with { Order = listed.Order with { Award = null, Problem = why } };
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
        Answered(changes, group.Order.Award, why);
        await MustCommitAsync(State.With(next), changes);
        Publish(ended);
    }

    private sealed record Confirmed(ImmutableArray<NodeReservation> Bookings, ImmutableArray<LeasedAddress> Addresses);
}
