using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Leases;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Leases;

/// <summary>A lease over confirmed bookings. Calls its nodes, never the ledger; opened and closed by its market's grain, which owns the saga.</summary>
[GrainType("depin.lease")]
public sealed class LeaseGrain(IRowStore store, NetworkClock clock, LeaseMetrics metrics) : Grain, ILeaseGrain
{
    private GrainRow<LeaseState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<LeaseState>(store, LeaseState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<LeaseView>> OpenAsync(LeaseTerms terms, ImmutableArray<WorkloadSpec> workloads)
    {
        _row.ThrowIfLost();
        if (_row.Value is { } known)
        {
            return known.Terms.Provider != terms.Provider || known.Terms.Rate != terms.Rate
                ? Refusal.Of("lease.exists", $"lease {Id} exists with other terms", ("lease", Id))
                : workloads.IsEmpty ? View(known) : await DeployAsync(workloads);
        }

        var state = new LeaseState(terms, LeaseStatus.Active, [], null, null, 0, "", Released: false);
        var changes = NodeRows(state, open: true, Told(state, "lease.opened"));
        if (workloads.IsEmpty)
        {
            return await CommitAsync(state, changes);
        }

        var (placed, wanted) = Place(state, workloads);
        return await SetAsync(await CommitAsync(state with { Workloads = placed }, Told(state, "lease.deployed", changes)), wanted);
    }

    /// <inheritdoc/>
    public async Task<Result<LeaseView>> DeployAsync(ImmutableArray<WorkloadSpec> workloads)
    {
        if (Open() is { Refusal: { } refusal })
        {
            return refusal;
        }

        var (placed, wanted) = Place(_row.Value!, workloads);
        var next = _row.Value! with { Workloads = placed };
        return await SetAsync(await CommitAsync(next, Told(next, "lease.deployed")), wanted);
    }

    /// <summary>Which workload runs in which booking, and what is kept of it.</summary>
    private static (ImmutableArray<LeaseWorkload> Placed, List<(NodeReservation Booking, ImmutableArray<WorkloadSpec> Workloads)> Wanted) Place(LeaseState state, ImmutableArray<WorkloadSpec> workloads)
    {
        var placed = ImmutableArray.CreateBuilder<LeaseWorkload>(workloads.Length);
        var wanted = new List<(NodeReservation Booking, ImmutableArray<WorkloadSpec> Workloads)>();
        var old = state.Workloads.ToDictionary(static w => w.Id);
        foreach (var booking in state.Terms.Bookings)
        {
            var here = workloads.Where(w => booking.Grants.Any(g => g.Key == SlotKey(w))).Select(w => Bind(w, booking)).ToImmutableArray();
            wanted.Add((booking, here));
            foreach (var w in here)
            {
                var addresses = w.Ports.Where(static p => !p.Local).Select(p => $"{booking.Host}:{p.HostPort}").ToImmutableArray();
                var before = old.GetValueOrDefault(w.Id);
                placed.Add(new LeaseWorkload(w.Id, w.Service, w.Replica, booking.Node, addresses, before?.Status, before?.ReportSession ?? 0, before?.ReportSequence ?? 0));
            }
        }

        return (placed.DrainToImmutable(), wanted);
    }

    /// <summary>Tells the nodes, after the row: an agent may report at once, and a report on an unknown workload would be lost.</summary>
    private async Task<Result<LeaseView>> SetAsync(Result<LeaseView> committed, List<(NodeReservation Booking, ImmutableArray<WorkloadSpec> Workloads)> wanted)
    {
        if (!committed.IsOk)
        {
            return committed;
        }

        var answers = await Task.WhenAll(wanted.Select(w => Node(w.Booking.Node).SetWorkloadsAsync(w.Booking.Id, w.Workloads)));
        return answers.FirstOrDefault(static a => !a.IsOk).Refusal is { } refusal ? refusal : committed;
    }

    /// <inheritdoc/>
    public Task<Result<LeaseView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value is { } state ? View(state) : (Result<LeaseView>)NotFound());
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> ReportAsync(string node, long session, long sequence, ImmutableArray<WorkloadStatus> statuses)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { } state)
        {
            return NotFound();
        }

        if (state.Status == LeaseStatus.Closed)
        {
            return Done.Instance;
        }

        var workloads = state.Workloads;
        foreach (var status in statuses)
        {
            var index = workloads.ToList().FindIndex(w => w.Id == status.WorkloadId && w.Node == node);
            if (index >= 0 && IsNews(workloads[index], session, status))
            {
                workloads = workloads.SetItem(index, workloads[index] with { Status = status, ReportSession = session, ReportSequence = status.Sequence });
            }
        }

        if (workloads == state.Workloads)
        {
            return Done.Instance;
        }

        var next = state with { Workloads = workloads };
        var committed = await CommitAsync(next, Told(next, "lease.status"));
        return committed.IsOk ? Done.Instance : committed.Refusal;
    }

    /// <inheritdoc/>
    public async Task<Result<LeaseView>> SuspendAsync(bool suspended)
    {
        if (Open() is { Refusal: { } refusal })
        {
            return refusal;
        }

        var state = _row.Value!;
        if (!suspended && state.Status != LeaseStatus.InsufficientFunds)
        {
            return View(state);
        }

        if (suspended)
        {
            foreach (var booking in state.Terms.Bookings)
            {
                await Node(booking.Node).SetWorkloadsAsync(booking.Id, []);
            }
        }

        return await MoveAsync(state, suspended ? LeaseTrigger.RanOut : LeaseTrigger.Rescued, suspended ? "lease.suspended" : "lease.resumed");
    }

    /// <inheritdoc/>
    public async Task<Result<LeaseView>> StartReclaimAsync(string operationId)
    {
        _row.ThrowIfLost();
        return _row.Value is { } state ? await MoveAsync(state, LeaseTrigger.StartReclaim, "lease.reclaiming") : NotFound();
    }

    /// <summary>Applies the table of states; what changes nothing is not written.</summary>
    private async Task<Result<LeaseView>> MoveAsync(LeaseState state, LeaseTrigger trigger, string type)
    {
        var before = new LeaseStanding(state.Status, state.Terms.ReclaimWindowSeconds, state.ReclaimAt, state.CloseReason);
        var after = LeaseTransitions.Apply(before, trigger, clock.Now);
        if (!after.IsOk)
        {
            return after.Refusal;
        }

        var next = state with { Status = after.Value.Status, ReclaimAt = after.Value.ReclaimAt };
        return after.Value == before ? View(state) : await CommitAsync(next, Told(next, type));
    }

    /// <inheritdoc/>
    public async Task<Result<LeaseView>> CloseAsync(int reason, string detail)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { } state)
        {
            return NotFound();
        }

        if (state.Status != LeaseStatus.Closed)
        {
            var closed = state with { Status = LeaseStatus.Closed, ClosedAt = clock.Now, CloseReason = reason, CloseDetail = detail };
            if (await CommitAsync(closed, NodeRows(closed, open: false, Told(closed, "lease.closed"))) is { IsOk: false } refused)
            {
                return refused;
            }
        }

        // The nodes are released after the lease is closed for good: should this stop half-way, closing again (the sweep does) goes on here.
        if (_row.Value is { Released: false } unreleased)
        {
            foreach (var booking in unreleased.Terms.Bookings)
            {
                await Node(booking.Node).ReleaseAsync(booking.Id);
            }

            return await CommitAsync(unreleased with { Released = true }, new Changes());
        }

        return View(_row.Value!);
    }

    private static bool IsNews(LeaseWorkload known, long session, WorkloadStatus status) =>
        session > known.ReportSession || (session == known.ReportSession && status.Sequence > known.ReportSequence);

    private static string SlotKey(WorkloadSpec workload) => $"{workload.Service}/{workload.Replica}";

    /// <summary>Gives a workload the exact devices and host ports its slot was granted.</summary>
    private static WorkloadSpec Bind(WorkloadSpec workload, NodeReservation booking)
    {
        var grant = booking.Grants.First(g => g.Key == SlotKey(workload));
        var ports = workload.Ports.Select((p, i) => p with { HostPort = i < grant.HostPorts.Length ? grant.HostPorts[i] : 0 });
        return workload with { GpuUuids = grant.GpuUuids, Ports = [.. ports] };
    }

    private INodeGrain Node(string node) => GrainFactory.GetGrain<INodeGrain>(node);

    private Result<Done> Open()
    {
        _row.ThrowIfLost();
        return _row.Value switch
        {
            null => NotFound(),
            { Status: LeaseStatus.Closed } closed => Refusal.Of("lease.closed", $"lease {Id} is closed: {closed.CloseDetail}", ("lease", Id), ("reason", closed.CloseReason)),
            _ => Done.Instance,
        };
    }

    private Refusal NotFound() => Refusal.Of("lease.not_found", $"no lease {Id}", ("lease", Id));

    private async Task<Result<LeaseView>> CommitAsync(LeaseState next, Changes changes)
    {
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            return refusal;
        }

        foreach (var told in changes.Events.Where(static e => e.Topic.StartsWith("deployment/", StringComparison.Ordinal)))
        {
            metrics.Committed(told.Type, next.CloseReason);
        }

        return View(_row.Value!);
    }

    private Changes NodeRows(LeaseState state, bool open, Changes changes)
    {
        foreach (var booking in state.Terms.Bookings)
        {
            changes.With(LeaseNodeState.Kind.Child(Id, booking.Node, new LeaseNodeState(booking.Node, Id, state.Terms.Deployment, open)));
        }

        return changes;
    }

    private Changes Told(LeaseState state, string type, Changes? changes = null)
    {
        var data = new { Lease = Id, Status = LeaseNames.Of(state.Status), state.Terms.Provider, state.CloseReason, state.CloseDetail };
        return (changes ?? new Changes())
            .Event("deployment/" + state.Terms.Deployment, "provider/" + state.Terms.Provider, type, Id, data);
    }

    private LeaseView View(LeaseState s) => new(
        Id,
        s.Status,
        s.Terms,
        [.. s.Workloads.Select(static w => new WorkloadView(w.Id, w.Service, w.Replica, w.Node, w.Addresses, w.Status))],
        s.ReclaimAt,
        s.ClosedAt,
        s.CloseReason,
        s.CloseDetail,
        _row.Version);
}
