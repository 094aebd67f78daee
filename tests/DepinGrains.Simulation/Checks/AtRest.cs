using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Checks;

/// <summary>What must hold once no mishap strikes any more and every saga had its time: nothing unfinished, nothing orphaned, all books agree, nothing acknowledged is lost.</summary>
internal sealed class AtRest(World world, Model model)
{
    private readonly Problems _problems = world.Problems;

    public async Task CheckAsync()
    {
        foreach (var token in world.Ledgers.Tokens)
        {
            // Holds end by themselves when somebody looks.
            try
            {
                await world.Grain(g => g.GetGrain<ILedgerGrain>(token)).GetBalanceAsync(LedgerAccounts.CommunityPool);
            }
            catch (LedgerUnknownException)
            {
                // The activation that serves may be the one that was overtaken, and this look the first that lets it notice; the next finds its successor.
                await world.Grain(g => g.GetGrain<ILedgerGrain>(token)).GetBalanceAsync(LedgerAccounts.CommunityPool);
            }
        }

        var deployments = world.All("deployment").Select(static r => RowKind<DeploymentState>.Read(r)).ToArray();
        foreach (var deployment in deployments)
        {
            Deployment(deployment);
        }

        Bookings();
        Holds();
        foreach (var known in model.Deployments)
        {
            Acknowledged(known);
        }

        Supply();
        new StakeBooks(world, model).Check();
        await new SubnetBooks(world, model).CheckAsync();
        Identities();
        foreach (var token in world.Ledgers.Tokens)
        {
            await AuditAsync(token);
        }
    }

    private static string IdOf(DeploymentState state) => $"{state.Owner}/{state.Dseq}";

    private void Deployment(DeploymentState state)
    {
        var id = IdOf(state);
        _problems.Unless(state.Status is DeploymentStatus.Active or DeploymentStatus.Closed, $"deployment {id} rests as {state.Status}");
        foreach (var group in state.Groups)
        {
            _problems.Unless(group.Order is { Award: null, End: null }, $"order {id}/{group.Gseq}/{group.Order.Oseq} rests with an award or an end under way");
            _problems.Unless(state.Status != DeploymentStatus.Closed || state.OpenRefusal is not null || group is { Status: GroupStatus.Closed, Order.Status: OrderStatus.Closed }, $"group {id}/{group.Gseq} is {group.Status} in a closed deployment");
        }

        foreach (var bid in world.Children("bid", id).Select(static r => RowKind<BidState>.Read(r)))
        {
            _problems.Unless(bid.Released == bid.Status is BidStatus.Closed or BidStatus.Lost, $"bid {bid.Key} of {id} is {bid.Status}, released {bid.Released}");
        }

        var escrow = Escrow(id);
        _problems.Unless(escrow is null or { Intent: null, Outbox.Length: 0 }, $"escrow {id} rests with a transfer under way");
        if (escrow?.Account is { } account)
        {
            _problems.Unless(world.Ledgers.Balance(account.Currency, LedgerAccounts.Escrow(id)).Posted == account.Held, $"escrow {id} should hold {account.Held}, the ledger says {world.Ledgers.Balance(account.Currency, LedgerAccounts.Escrow(id)).Posted}");
            _problems.Unless((state.Status == DeploymentStatus.Closed) == (account.Status == EscrowStatus.Closed), $"escrow {id} is {account.Status}, its deployment {state.Status}");
        }

        Leases(state, escrow);
    }

    private void Leases(DeploymentState state, EscrowState? escrow)
    {
        var id = IdOf(state);
        var leases = world.All("lease").Where(r => r.Id.Key.StartsWith(id + "/", StringComparison.Ordinal)).ToDictionary(static r => r.Id.Key, static r => RowKind<LeaseState>.Read(r));
        var standing = state.Groups.Where(static g => g.Order is { Status: OrderStatus.Active, LeaseId: not null }).ToDictionary(static g => g.Order.LeaseId!, StringComparer.Ordinal);
        foreach (var (lease, known) in leases)
        {
            var stands = standing.GetValueOrDefault(lease);
            _problems.Unless((known.Status == LeaseStatus.Closed) == (stands is null), $"lease {lease} is {known.Status}, its order {(stands is null ? "does not name it" : "stands")}");
            _problems.Unless(known.Status != LeaseStatus.Closed || known.Released, $"lease {lease} is closed and still has nodes");
            var payment = escrow?.Account?.Payments.FirstOrDefault(p => p.Id == lease);
            _problems.Unless(payment is not null, $"lease {lease} has no payment");
            _problems.Unless(payment is null || (payment.Status == EscrowPaymentStatus.Open) == (known.Status != LeaseStatus.Closed), $"lease {lease} is {known.Status}, its payment {payment?.Status}");
            _problems.Unless(stands is null || (known.Status == LeaseStatus.InsufficientFunds) == (escrow?.Account?.Status == EscrowStatus.Paused), $"lease {lease} is {known.Status}, its escrow {escrow?.Account?.Status}");
            _problems.Unless(stands is null || (known.Status == LeaseStatus.InsufficientFunds) == (stands.Status == GroupStatus.InsufficientFunds), $"lease {lease} is {known.Status}, its group {stands?.Status}");
            if (known.Status is LeaseStatus.Active or LeaseStatus.Reclaiming)
            {
                Runs(lease, known, stands!);
            }
        }

        _problems.Unless(standing.Keys.All(leases.ContainsKey), $"deployment {id} names a lease that does not exist");
        foreach (var payment in escrow?.Account?.Payments ?? [])
        {
            _problems.Unless(leases.ContainsKey(payment.Id), $"escrow {id} pays {payment.Id}, which is no lease");
        }
    }

    /// <summary>What a live lease promised is on its nodes, and nowhere else.</summary>
    private void Runs(string lease, LeaseState state, GroupState group)
    {
        foreach (var booking in state.Terms.Bookings)
        {
            var node = Node(booking.Node);
            var booked = node.Bookings.FirstOrDefault(b => b.Id == booking.Id);
            _problems.Unless(booked?.Lease == lease, $"lease {lease} has no booking {booking.Id} on {booking.Node}");
            _problems.Unless(booked is null || group.Order.Deployed.Length == 0 || booked.Workloads.Length == booking.Grants.Length, $"lease {lease} was deployed, {booking.Node} runs {booked?.Workloads.Length} of {booking.Grants.Length}");
            _problems.Unless(group.Order.Deployed.Length > 0, $"lease {lease} is {state.Status} and its manifest was never sent");
        }
    }

    /// <summary>
    /// What orders are trying to book at this very moment: orders without bids are screened again all the time, also while these checks run. The order says so, and comes back to it within a minute.
    /// </summary>
    private HashSet<string> Trying() => world.All("deployment").Select(static r => RowKind<DeploymentState>.Read(r))
        .Where(d => d.NextActionAt <= world.Time.GetUtcNow() + TimeSpan.FromMinutes(1))
        .SelectMany(static d => d.Groups).SelectMany(static g => g.Order.Trying).Select(static b => b.HoldId).ToHashSet(StringComparer.Ordinal);

    /// <summary>Every reservation belongs to a bid that is open or just being made, or to a lease that stands.</summary>
    private void Bookings()
    {
        var now = world.Time.GetUtcNow();
        var trying = Trying();
        var bids = world.All("deployment").SelectMany(d => world.Children("bid", d.Id.Key)).Select(static r => RowKind<BidState>.Read(r)).ToArray();
        foreach (var row in world.All("node"))
        {
            var node = world.Node(row);
            foreach (var booking in node.Bookings.Where(b => b.Lease is not null || (b.ReservedUntil > now && !trying.Contains(b.Id))))
            {
                var bid = bids.FirstOrDefault(b => b.HoldId == booking.Id);
                _problems.Unless(bid?.Status is BidStatus.Open or BidStatus.Active, $"node {node.Id} keeps {booking.Id} for a bid that is {bid?.Status.ToString() ?? "unknown"}");
                _problems.Unless(booking.Lease is null || bid?.Status == BidStatus.Active, $"node {node.Id} keeps {booking.Id} confirmed for a bid that is {bid?.Status}");
            }

            NodeBooks.Check(null, node, now, _problems);
        }
    }

    /// <summary>Every hold is a caller's own or the deposit of a bid that is open, just being made, or won.</summary>
    private void Holds()
    {
        var trying = Trying();
        var bids = world.All("deployment").SelectMany(d => world.Children("bid", d.Id.Key)).Select(static r => RowKind<BidState>.Read(r)).ToArray();
        foreach (var token in world.Ledgers.Tokens)
        {
            foreach (var (hold, left) in world.Ledgers.Holds(token))
            {
                if (model.Holds.TryGetValue((token, hold), out var own))
                {
                    _problems.Unless(!own.Closed && own.Left == left, $"hold {hold} has {left} left, acknowledged commands left {own.Left}{(own.Closed ? " and closed it" : "")}");
                    _problems.Unless(own.ExpiresAt is not { } end || end > world.Time.GetUtcNow() - TimeSpan.FromMinutes(1), $"hold {hold} is over since {own.ExpiresAt:O}");
                }
                else if (!trying.Contains(hold))
                {
                    var bid = bids.FirstOrDefault(b => b.HoldId == hold);
                    _problems.Unless(bid?.Status is BidStatus.Open or BidStatus.Active, $"hold {hold} of {left} belongs to a bid that is {bid?.Status.ToString() ?? "unknown"}");
                }
            }
        }

        foreach (var ((token, hold), own) in model.Holds)
        {
            _problems.Unless(own.Closed || own.ExpiresAt is not null || world.Ledgers.Holds(token).ContainsKey(hold), $"hold {hold} was acknowledged and is gone");
        }

        foreach (var bid in bids.Where(static b => b.Status is BidStatus.Open or BidStatus.Active))
        {
            _problems.Unless(world.Ledgers.Holds(bid.Denom).ContainsKey(bid.HoldId), $"bid {bid.HoldId} is {bid.Status} without its deposit");
        }
    }

    private void Acknowledged(KnownDeployment known)
    {
        var row = world.Peek(RowId.Root("deployment", known.Id));
        _problems.Unless(known.Created != true || row is not null, $"deployment {known.Id} was acknowledged and is gone");
        if (row is null || known.Created != true)
        {
            return;
        }

        var state = RowKind<DeploymentState>.Read(row);
        _problems.Unless(!known.Closed || state.Status == DeploymentStatus.Closed, $"deployment {known.Id} was closed and is {state.Status}");
        _problems.Unless(known.Manifest.MayBe(state.ManifestHash), $"deployment {known.Id} has manifest {state.ManifestHash}, acknowledged was {known.Manifest}");
        _problems.Unless(known.View is null || known.View.Version <= row.Version, $"deployment {known.Id} was seen at version {known.View?.Version} and is at {row.Version}");
        var account = Escrow(known.Id)?.Account;
        if (account is null && state is { Status: DeploymentStatus.Closed, OpenRefusal: null } && known.Deposits.Values.Sum() == state.Deposit)
        {
            // Closed before its deposit was taken: the creation, asked again, answers the closed deployment.
            known.Deposits.Clear();
            return;
        }

        _problems.Unless((account?.Deposited ?? 0) == known.Deposits.Values.Sum(), $"escrow {known.Id} took {account?.Deposited}, acknowledged were {known.Deposits.Values.Sum()}");
        foreach (var (payment, withdrawn) in known.Withdrawn)
        {
            _problems.Unless(account?.Payments.FirstOrDefault(p => p.Id == payment)?.Withdrawn >= withdrawn, $"payment {payment} had withdrawn {withdrawn}");
        }

        var bids = world.Children("bid", known.Id).Select(static r => RowKind<BidState>.Read(r)).ToArray();
        foreach (var (gseq, oseq, provider, price) in known.Bids)
        {
            _problems.Unless(bids.Any(b => b.Of(gseq, oseq) && b.Provider == provider && b.Price == price), $"the bid of {provider} for {known.Id}/{gseq}/{oseq} at {price} was acknowledged and is gone");
        }
    }

    private void Supply()
    {
        foreach (var known in model.Providers.Where(static p => p.Name.Written))
        {
            var state = RowKind<ProviderState>.Read(world.Peek(RowId.Root("provider", known.Id))!);
            _problems.Unless(known.Name.MayBe(state.Profile.Name), $"provider {known.Id} is called {state.Profile.Name}, acknowledged was {known.Name}");
            _problems.Unless(!known.Maintenance.Written || known.Maintenance.MayBe(state.Maintenance), $"provider {known.Id} has maintenance {state.Maintenance}, acknowledged was {known.Maintenance}");
            foreach (var (_, auditor, name, value) in model.Signatures.Where(s => s.Provider == known.Id))
            {
                _problems.Unless(state.Signatures.Count(s => s.Auditor == auditor && s.Name == name && s.Value == value) == 1, $"{auditor} signed {name} of {known.Id}, which is not kept once");
            }
        }

        foreach (var known in model.Nodes.Where(static n => n.Joined))
        {
            var state = Node(known.Id);
            _problems.Unless(known.Retired == (state.Liveness == NodeStatus.Retired), $"node {known.Id} is {state.Liveness}, retired {known.Retired}");
            _problems.Unless(!known.Draining.Written || known.Draining.MayBe(state.Draining), $"node {known.Id} drains {state.Draining}, acknowledged was {known.Draining}");
            _problems.Unless(known.Retired || state.Liveness == NodeStatus.Online, $"node {known.Id} beats and is {state.Liveness}");
        }

        foreach (var ((lease, workload), (session, sequence)) in model.Reports)
        {
            var state = RowKind<LeaseState>.Read(world.Peek(RowId.Root("lease", lease))!);
            var kept = state.Workloads.FirstOrDefault(w => w.Id == workload);
            _problems.Unless(state.Status == LeaseStatus.Closed || kept is null || (kept.ReportSession, kept.ReportSequence).CompareTo((session, sequence)) >= 0, $"lease {lease} forgot report {session}/{sequence} on {workload}");
        }
    }

    private void Identities()
    {
        foreach (var (identity, kind, key) in model.Keys)
        {
            _problems.Unless(world.Peek(RowId.Root(IdentityState.Kind.Table.Kind, identity)) is not null, $"identity {identity} was acknowledged and is gone");
            _problems.Unless(world.Peek(new RowId(kind, identity, key)) is not null, $"{kind} {key} of {identity} was acknowledged and is gone");
        }
    }

    private async Task AuditAsync(string token)
    {
        var audit = await world.Grain(g => g.GetGrain<ILedgerGrain>(token)).AuditAsync();
        _problems.Unless(audit.SumOfBalances == 0, $"ledger {token} sums to {audit.SumOfBalances}");
        _problems.Unless(audit.Supply == -world.Ledgers.Balance(token, LedgerAccounts.Issuance).Posted, $"ledger {token} has a supply of {audit.Supply}");
        foreach (var problem in audit.Problems)
        {
            _problems.Add($"audit of {token}: {problem}");
        }

        foreach (var identity in model.Direct.Keys.Where(k => k.Token == token).Select(static k => k.Account))
        {
            var live = await world.Grain(g => g.GetGrain<ILedgerGrain>(token)).GetBalanceAsync(identity);
            _problems.Unless((live.Posted, live.Held) == world.Ledgers.Balance(token, identity), $"ledger {token} says {identity} has {live.Posted}, its journal {world.Ledgers.Balance(token, identity)}");
        }
    }

    private EscrowState? Escrow(string id) => world.Peek(RowId.Root("escrow", id)) is { } row ? RowKind<EscrowState>.Read(row) : null;

    private NodeState Node(string id) => world.Node(world.Peek(RowId.Root("node", id))!);
}
