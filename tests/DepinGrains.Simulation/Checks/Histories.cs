using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Simulation.Worlds;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Checks;

/// <summary>Sees every change set as it is written and holds it against the row before: no state is skipped, nothing final moves again, no node is sold twice.</summary>
internal sealed class Histories(Problems problems, World world)
{
    private readonly Dictionary<RowId, RowDocument> _known = [];
    private readonly Dictionary<(string Deployment, string Bid), BidState> _bids = [];
    private readonly Dictionary<string, string> _leaseOfOrder = new(StringComparer.Ordinal);

    /// <summary>Of subnets.</summary>
    public SubnetHistories Subnets { get; } = new(problems);

    public void Written(ChangeSet changes, StoredRow? before, StoredRow after)
    {
        problems.Unless(after.Version == (before?.Version ?? 0) + 1, $"{after.Id} goes from version {before?.Version ?? 0} to {after.Version}");
        switch (after.Id.Kind)
        {
            case "deployment":
                Deployment(after.Id.Key, Before<DeploymentState>(after.Id), Read(DeploymentState.Kind, after));
                Bids(after.Id.Key, changes);
                break;
            case "escrow":
                Escrow(after.Id.Key, Before<EscrowState>(after.Id), Read(EscrowState.Kind, after));
                break;
            case "lease":
                Lease(after.Id.Key, Before<LeaseState>(after.Id), Read(LeaseState.Kind, after));
                break;
            case "subnet":
                Subnets.Written(Before<SubnetState>(after.Id), Read(SubnetState.Kind, after), changes);
                break;
            case "hostname":
                NetworkRows.Hostname(Before<HostnameState>(after.Id), Read(HostnameState.Kind, after), problems);
                break;
            case "address_pool":
                NetworkRows.Pool(Before<AddressPoolState>(after.Id), Read(AddressPoolState.Kind, after), world.Time.GetUtcNow(), problems);
                break;
            case "node":
                var known = Before<NodeState>(after.Id);
                var node = world.Node(after);
                _known[after.Id] = node;
                NodeBooks.Check(known, node, world.Time.GetUtcNow(), problems);
                break;
        }
    }

    private T? Before<T>(RowId id)
        where T : RowDocument => _known.GetValueOrDefault(id) as T;

    private T Read<T>(RowKind<T> kind, StoredRow row)
        where T : RowDocument
    {
        _ = kind;
        var state = RowKind<T>.Read(row);
        _known[row.Id] = state;
        return state;
    }

    private void Deployment(string id, DeploymentState? before, DeploymentState after)
    {
        if (before is null)
        {
            problems.Unless(after.Status == DeploymentStatus.Opening, $"deployment {id} begins as {after.Status}");
            return;
        }

        problems.Unless(Allowed(Lifecycle.Deployment, before.Status, after.Status), $"deployment {id} goes from {before.Status} to {after.Status}");
        problems.Unless(before.Owner == after.Owner && before.CreateId == after.CreateId && before.Deposit == after.Deposit, $"deployment {id} changed hands");
        for (var i = 0; i < before.Groups.Length; i++)
        {
            var (old, now) = (before.Groups[i], after.Groups[i]);
            var relisted = now.Order.Oseq == old.Order.Oseq + 1;
            problems.Unless(relisted || now.Order.Oseq == old.Order.Oseq, $"group {id}/{i + 1} goes from order {old.Order.Oseq} to {now.Order.Oseq}");
            problems.Unless(relisted || Allowed(Lifecycle.Group, old.Status, now.Status), $"group {id}/{i + 1} goes from {old.Status} to {now.Status}");
            problems.Unless(relisted ? now.Order.Status == OrderStatus.Open : Allowed(Lifecycle.Order, old.Order.Status, now.Order.Status), $"order {id}/{i + 1}/{now.Order.Oseq} goes from {old.Order.Status} to {now.Order.Status}");
            problems.Unless(relisted || old.Order.LeaseId is null || old.Order.LeaseId == now.Order.LeaseId, $"order {id}/{i + 1}/{now.Order.Oseq} goes from lease {old.Order.LeaseId} to {now.Order.LeaseId}");
            problems.Unless(!relisted || old.Order.LeaseId is not { } lease || world.Peek(RowId.Root("lease", lease)) is { } row && RowKind<LeaseState>.Read(row).Status == LeaseStatus.Closed, $"group {id}/{i + 1} is listed again while lease {old.Order.LeaseId} stands");
        }
    }

    private void Bids(string deployment, ChangeSet changes)
    {
        // One that loses in the step that made it begins in its order, open, and is written with what became of it.
        foreach (var bid in ((DeploymentState)_known[changes.Root.Id]).Groups.SelectMany(static g => g.Order.Trying).Where(static b => b.Status == BidStatus.Open))
        {
            problems.Unless(bid is { Released: false, Placed: true }, $"bid {bid.Key} of {deployment} begins released {bid.Released}, placed {bid.Placed}");
            _bids.TryAdd((deployment, bid.Key), bid);
        }

        foreach (var child in changes.Children.Where(static c => c.Id.Kind == "bid"))
        {
            var key = (deployment, child.Id.Key);
            var before = _bids.GetValueOrDefault(key);
            if (child.Document is not { } document)
            {
                problems.Unless(before is { Status: BidStatus.Closed, Released: false }, $"bid {child.Id.Key} of {deployment} is forgotten while it is {before?.Status}");
                _bids.Remove(key);
                continue;
            }

            var after = RowJson.Read<BidState>(document);
            _bids[key] = after;
            // A bid begins open, when all of it is booked; till then it stands in its order, to be given back.
            var legal = before is null
                ? after is { Status: BidStatus.Open, Released: false, Placed: true }
                : before.Released
                    ? after.Status == before.Status && after.Released
                    : before.Status == BidStatus.Closed && after.Status == BidStatus.Open || Allowed(Lifecycle.Bid, before.Status, after.Status);
            problems.Unless(legal, $"bid {child.Id.Key} of {deployment} goes from {before?.Status} (released {before?.Released}) to {after.Status} (released {after.Released})");
            problems.Unless(!after.Released || after.Status is BidStatus.Closed or BidStatus.Lost, $"bid {child.Id.Key} of {deployment} is {after.Status} and gave everything back");
        }
    }

    private void Lease(string id, LeaseState? before, LeaseState after)
    {
        if (before is null)
        {
            problems.Unless(after.Status == LeaseStatus.Active, $"lease {id} begins as {after.Status}");
            var order = id[..id.LastIndexOf('/')];
            problems.Unless(_leaseOfOrder.TryAdd(order, id), $"order {order} has lease {_leaseOfOrder[order]} and gets {id}");
            return;
        }

        var legal = (before.Status, after.Status) switch
        {
            (LeaseStatus.Closed, LeaseStatus.Closed) => before.CloseReason == after.CloseReason,
            (LeaseStatus.Closed, _) => false,
            (LeaseStatus.Reclaiming, LeaseStatus.Active) => false,
            _ => true,
        };
        problems.Unless(legal, $"lease {id} goes from {before.Status} to {after.Status}");
        problems.Unless(!before.Released || after.Released, $"lease {id} takes its nodes back");
        problems.Unless(!after.Released || after.Status == LeaseStatus.Closed, $"lease {id} is {after.Status} and gave its nodes back");
        problems.Unless(before.Terms.Rate == after.Terms.Rate && before.Terms.Provider == after.Terms.Provider, $"lease {id} changed its terms");
    }

    private void Escrow(string id, EscrowState? before, EscrowState after)
    {
        if (after.Account is not { } now)
        {
            problems.Unless(before?.Account is null, $"escrow {id} lost its account");
            return;
        }

        problems.Unless(now.Held >= 0 && now.Funds >= 0 && now.Payments.All(static p => p.Payable >= 0), $"escrow {id} is overdrawn");
        problems.Unless(now.Deposited == now.Funds + now.Transferred + now.Refunded, $"escrow {id}: deposited {now.Deposited} is not funds {now.Funds} + earned {now.Transferred} + refunded {now.Refunded}");
        problems.Unless(now.Status != EscrowStatus.Closed || now.Held == 0, $"escrow {id} was closed with {now.Held}");
        if (before?.Account is not { } old)
        {
            return;
        }

        problems.Unless(old.Status != EscrowStatus.Closed || now.Status == EscrowStatus.Closed, $"escrow {id} comes back from closed as {now.Status}");
        problems.Unless(now.SettledAt >= old.SettledAt && now.Deposited >= old.Deposited && now.Refunded >= old.Refunded && now.Withdrawn >= old.Withdrawn, $"escrow {id} goes back");
        var blocks = now.SettledAt - old.SettledAt;
        foreach (var payment in now.Payments)
        {
            var earlier = old.Payments.FirstOrDefault(p => p.Id == payment.Id);
            var earned = payment.Accrued.Atoms - (earlier?.Accrued.Atoms ?? 0);
            var most = earlier is { Status: EscrowPaymentStatus.Open } ? payment.Rate.Atoms * blocks : 0;
            problems.Unless(earned <= most, $"escrow {id}: {payment.Id} earns {earned} atoms in {blocks} blocks at {payment.Rate} a block");
            // Streams without a pause in between earn exactly their rate; what closes forgives its fraction.
            var exact = earlier is { Status: EscrowPaymentStatus.Open } && payment.Status == EscrowPaymentStatus.Open && old.Status == EscrowStatus.Open && now.Status == EscrowStatus.Open && now.Deposited == old.Deposited;
            problems.Unless(!exact || earned == most, $"escrow {id}: {payment.Id} earns {earned} atoms in {blocks} blocks, {most} are due");
            problems.Unless(earlier is not { Status: EscrowPaymentStatus.Closed } || payment.Status == EscrowPaymentStatus.Closed, $"escrow {id}: payment {payment.Id} opens again");
        }
    }

    private static bool Allowed<TState, TTrigger>(TransitionTable<TState, TTrigger> table, TState from, TState to)
        where TState : struct, Enum
        where TTrigger : struct, Enum =>
        EqualityComparer<TState>.Default.Equals(from, to)
        || Enum.GetValues<TTrigger>().Any(on => table.Find(from, on) is { } next && EqualityComparer<TState>.Default.Equals(next, to));
}
