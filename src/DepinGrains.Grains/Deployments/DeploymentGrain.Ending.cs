using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

/// <summary>The end of orders, of their leases, and of the deployment.</summary>
public sealed partial class DeploymentGrain
{
    /// <summary>Ends an order, with its lease if it has one: workloads stop, the provider is paid to this block, deposits go back, then re-list or rest. The last one of a deployment that closes closes it.</summary>
    private async Task<bool> EndStepAsync(GroupState group)
    {
        if (group.Order is not { End: { } end } order)
        {
            return false;
        }

        var last = IsLast(group, end);
        var brief = order.LeaseId is { } lease && await EndLeaseAsync(lease, end, paysOut: !last);
        if (last)
        {
            await CloseEscrowAsync();
        }

        // Nothing of this order comes back, whoever goes on from here.
        var released = await TryGiveBackAsync([.. Standing(group)]);
        var changes = new Changes();
        var over = EndBids(group, BidStatus.Closed, changes, released: released);
        var next = group with { Status = end.GroupAfter, Order = order with { Status = OrderStatus.Closed, End = null, Award = null, Problem = Refusal.Of("order.ended", end.Detail, ("reason", end.Reason)) } };
        TellOrder(changes, next, "order.closed");
        if (end.Relist && State.Status == DeploymentStatus.Active)
        {
            // In the same commit: between the two a crash would leave an open group that nobody can bid for.
            next = Relisted(next, changes);
            if (brief)
            {
                // What ended it may end the next one as quickly: screened like an order that was just looked at, it costs an award per period at most.
                next = next with { Order = next.Order with { ScreenedAt = clock.Now } };
            }
        }

        // A closed deployment is visited no more: whatever is still to be given back must be gone.
        await (last && released ? ClosedAsync(State.With(next), changes) : MustCommitAsync(State.With(next), changes));
        Publish(over);
        return true;
    }

    /// <summary>Closes a lease for good. True when it ran for less than a block, and not because its tenant wanted it so.</summary>
    private async Task<bool> EndLeaseAsync(string lease, EndIntent end, bool paysOut)
    {
        var ended = (await Lease(lease).CloseAsync(end.Reason, end.Detail)).Require();
        if (paysOut && await Escrow.ClosePaymentAsync(lease) is { IsOk: false, Refusal: var unpaid } && unpaid.Code != "escrow.account_closed")
        {
            throw new InvalidOperationException(unpaid.ToString());
        }

        // Refused only when the provider is gone, and with it its score.
        var ran = (ended.ClosedAt ?? clock.Now) - ended.Terms.OpenedAt;
        await GrainFactory.GetGrain<IProviderGrain>(ended.Terms.Provider).LeaseEndedAsync(lease, ended.CloseReason, ran);
        return ran < clock.BlockTime && LeaseCloseReasons.PartyOf(ended.CloseReason) != LeaseCloseParty.Owner;
    }

    /// <summary>With it nothing is left of a deployment that closes: then its escrow's end pays what its lease earned.</summary>
    private bool IsLast(GroupState group, EndIntent end) => State is { Status: DeploymentStatus.Closing, HostnamesHeld.IsEmpty: true } && end.GroupAfter == GroupStatus.Closed
        && State.Groups.All(g => g.Gseq == group.Gseq || g is { Status: GroupStatus.Closed, Order: { Status: OrderStatus.Closed, Award: null, End: null } });

    /// <summary>A deployment that closes, with the end of every group's order that is not being awarded or ended already.</summary>
    private static DeploymentState Ending(DeploymentState closing) => closing with
    {
        Groups =
        [
            .. closing.Groups.Select(g => g.Order is { Award: null, End: null } && (g.Order.Status != OrderStatus.Closed || g.Status != GroupStatus.Closed)
                ? g with { Order = g.Order with { End = new EndIntent(closing.CloseReason, closing.CloseDetail, Relist: false, GroupStatus.Closed) } }
                : g),
        ],
    };

    /// <summary>Closing: ends every group, then the escrow, then says so.</summary>
    private async Task<bool> CloseStepAsync()
    {
        if (Ending(State) is var ending && ending.Groups.Any(static g => g.Order.End is not null))
        {
            await MustCommitAsync(ending with { NextActionAt = clock.Now }, new Changes());
            return true;
        }

        await CloseEscrowAsync();
        await ClosedAsync(State, new Changes());
        return true;
    }

    private async Task CloseEscrowAsync()
    {
        var closed = await Escrow.CloseAsync();
        if (!closed.IsOk && closed.Refusal.Code != "escrow.not_found")
        {
            throw new InvalidOperationException(closed.Refusal.ToString());
        }
    }

    private Task ClosedAsync(DeploymentState state, Changes changes)
    {
        _fundsDue = null;
        return MustCommitAsync(state with { Status = DeploymentStatus.Closed, ClosedAt = clock.Now, NextActionAt = null }, Told("deployment.closed", changes).With(NoSdl));
    }
}
