using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Deployments.Sdl;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    /// <summary>When the escrow must be looked at next; null until it was asked by this activation.</summary>
    private DateTimeOffset? _fundsDue;

    private bool _fundsKnown;

    /// <summary>The SDL as created by this activation, until its groups run it.</summary>
    private SdlDocument? _sdl;

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> UpdateAsync(string operationId, string caller, string sdl, long? ifVersion = null)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (NotOwner(caller) is { } foreign)
        {
            return foreign;
        }

        var print = Changes.Fingerprint(new { Command = "update", Sdl = sdl });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Versions.Mismatch(ifVersion, _row.Version) is { } moved)
        {
            return moved;
        }

        var parsed = SdlParser.Parse(sdl);
        if (!parsed.IsOk)
        {
            return SdlRefusals.Of(parsed.Errors);
        }

        if (State.Status != DeploymentStatus.Active)
        {
            return NotActive();
        }

        if (Unfit(parsed.Document) is { } unfit)
        {
            return unfit;
        }

        var groups = parsed.Document.Groups;
        var change = DemandChange.Differ("groups", groups.Length, State.Groups.Length)
            ?? groups.Select((g, i) => Changed(g, parsed.Document, State.Groups[i])).FirstOrDefault(static c => c is not null);
        if (change is not null)
        {
            return Refusal.Of(
                "deployment.resources_changed",
                $"an update may change images, commands and env, not resources, replicas, ports, placement or prices; create a new deployment for those ({change.Field}: wanted {change.Wanted}, had {change.Had})",
                ("deployment", Id),
                ("field", change.Field),
                ("wanted", change.Wanted),
                ("had", change.Had));
        }

        var hostnames = groups.Select(g => HostnamesOf(parsed.Document, g)).ToArray();
        if (await ServeAsync(hostnames) is { } unserved)
        {
            return unserved;
        }

        var changes = Told("deployment.updated")
            .Remember<Result<Done>>(operationId, print, Done.Instance)
            .With(SealedSdl.Kind.Child(Id, "sdl", new SealedSdl(Convert.ToBase64String(secrets.Protect("deployment/" + Id, Encoding.UTF8.GetBytes(sdl)).Span))));
        if (await CommitAsync(State with { ManifestHash = parsed.Document.ManifestHashHex, NextActionAt = clock.Now, Groups = [.. State.Groups.Select((g, i) => g with { Hostnames = hostnames[i] })] }, changes) is { } refusal)
        {
            return refusal;
        }

        await AdvanceAsync();
        return View();
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> ChangeGroupAsync(string operationId, string caller, int gseq, GroupAction action)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (NotOwner(caller) is { } foreign)
        {
            return foreign;
        }

        var print = Changes.Fingerprint(new { Command = "group", Gseq = gseq, Action = action });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Group(gseq) is not { } group)
        {
            return Refusal.Of("group.not_found", $"{Id} has no group {gseq}", ("gseq", gseq));
        }

        if (State.Status != DeploymentStatus.Active)
        {
            return NotActive();
        }

        var trigger = action switch { GroupAction.Pause => GroupTrigger.Pause, GroupAction.Close => GroupTrigger.Close, _ => GroupTrigger.Start };
        var after = Lifecycle.Group.Apply(group.Status, trigger);
        if (!after.IsOk)
        {
            return after.Refusal;
        }

        // A group that waits for money still has its lease: it goes on by a deposit, not by a new order.
        if (action == GroupAction.Start && (group.Order.Status != OrderStatus.Closed || group.Order.End is not null))
        {
            return Refusal.Of("group.waits_for_funds", $"group {gseq} keeps its lease until the grace is over: deposit to go on", ("gseq", gseq));
        }

        var changes = new Changes().Remember<Result<Done>>(operationId, print, Done.Instance);
        if (action == GroupAction.Start)
        {
            await MustCommitAsync(State.With(Relisted(group, changes)) with { NextActionAt = clock.Now }, changes);
        }
        else
        {
            await BeginEndAsync(group, new EndIntent(LeaseCloseReasons.Owner, $"group {action.ToString().ToLowerInvariant()}d by the owner", Relist: false, after.Value), changes);
        }

        await AdvanceAsync();
        return View();
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> CloseLeaseAsync(string operationId, string caller, int gseq, int reason = LeaseCloseReasons.Owner)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (NotOwner(caller) is { } foreign)
        {
            return foreign;
        }

        if (NotTenants(reason) is { } wrong)
        {
            return wrong;
        }

        var print = Changes.Fingerprint(new { Command = "lease.close", Gseq = gseq, Reason = reason });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (Group(gseq) is not { Order.LeaseId: not null } group)
        {
            return Refusal.Of("lease.not_found", $"group {gseq} of {Id} has no lease", ("deployment", Id), ("gseq", gseq));
        }

        if (group.Order is { Status: OrderStatus.Active, End: null })
        {
            await BeginEndAsync(group, new EndIntent(reason, reason == LeaseCloseReasons.Owner ? "closed by the tenant" : $"closed by the tenant (reason {reason})", Relist: true, GroupStatus.Open), new Changes().Remember<Result<Done>>(operationId, print, Done.Instance));
        }
        else
        {
            await NothingToDoAsync(operationId, print);
        }

        await AdvanceAsync();
        return View();
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> NodeLostAsync(string leaseId, string node)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var group = State.Groups.FirstOrDefault(g => g.Order.LeaseId == leaseId);
        if (group is { Order: { Status: OrderStatus.Active, End: null } } && await IsLostAsync(node))
        {
            await BeginEndAsync(group, new EndIntent(LeaseCloseReasons.Unstable, $"node {node} went silent", _options.RelistOnNodeLoss, GroupStatus.Paused));
        }

        await AdvanceAsync();
        return Done.Instance;
    }

    private static Refusal? NotTenants(int reason) => reason is > LeaseCloseReasons.None and < 10_000
        ? null
        : Refusal.Of("lease.reason_invalid", $"reason {reason} is not one a tenant may give (1 to 9999)", ("reason", reason), ("min", 1), ("max", 9_999));

    /// <summary>Whether a node is still gone: it may have come back since the sweep listed it.</summary>
    private async Task<bool> IsLostAsync(string node) => (await Node(node).GetAsync()) is not { IsOk: true, Value.Status: not (NodeStatus.Offline or NodeStatus.Retired) };

    /// <summary>What of a group would need another order; last comes which service runs which of its units, replica by replica.</summary>
    private DemandChange? Changed(GroupSpec spec, SdlDocument document, GroupState group)
    {
        if (DemandChange.Of(spec, group.Spec) is { } change)
        {
            return change;
        }

        var manifest = document.Manifest.Find(spec.Name)!;
        var slots = DeploymentPlan.Slots(LongestLease(group.Gseq), spec, manifest, grows: false);
        return DemandChange.Differ($"{spec.Name}.ips", string.Join(", ", DeploymentPlan.Ips(manifest)), string.Join(", ", group.Ips))
            ?? DemandChange.Differ($"{spec.Name}.replicas", Replicas(slots), Replicas(group.Slots))
            ?? slots.Zip(group.Slots).Select(s => Changed(spec.Name, s.First.Slot, s.Second.Slot)).FirstOrDefault(static c => c is not null)
            ?? DemandChange.Apart(spec.Name, [.. slots.Zip(group.Slots).Where(static s => s.Second.Together >= 0).Select(static s => (s.First.Slot.Key, s.First.Together, s.Second.Together))])
            ?? DemandChange.Differ($"{spec.Name}.slots", RowJson.Text(slots.Zip(group.Slots, Alike)), RowJson.Text(group.Slots));
    }

    /// <summary>Orders of older versions booked neither an executor nor room for the manifest.</summary>
    private static DemandChange? Changed(string group, DemandSlot wanted, DemandSlot had) =>
        (had.Executor.Length > 0 ? DemandChange.Differ($"{group}.{had.Key}.executor", wanted.Executor, had.Executor) : null)
        ?? (had.WorkloadBytes > 0 && wanted.WorkloadBytes > had.WorkloadBytes ? DemandChange.Differ($"{group}.{had.Key}.manifest bytes", wanted.WorkloadBytes, had.WorkloadBytes) : null);

    /// <summary>A slot without what was compared before.</summary>
    private static PlannedSlot Alike(PlannedSlot slot, PlannedSlot had) => slot with { Slot = slot.Slot with { Executor = had.Slot.Executor, WorkloadBytes = had.Slot.WorkloadBytes }, Together = had.Together };

    private static string Replicas(ImmutableArray<PlannedSlot> slots) => string.Join(", ", slots.Select(static s => $"{s.Slot.Key} of unit {s.Unit}, {s.Slot.Ports} ports"));

    private Refusal NotActive() => Refusal.Of("deployment.not_active", $"{Id} is {State.Status.ToString().ToLowerInvariant()}", ("deployment", Id));

    /// <summary>The answer to a command that was taken before under this id (its saga moves on), or null.</summary>
    private async Task<Result<DeploymentView>?> SeenAsync(string operationId, ReadOnlyMemory<byte> fingerprint)
    {
        if (await _row.RememberedAsync<Done>(operationId, fingerprint) is not { } seen)
        {
            return null;
        }

        if (!seen.IsOk)
        {
            return seen.Refusal;
        }

        await AdvanceAsync();
        return View();
    }

    /// <summary>A command that found its work done is remembered too: sent again, late, it must not undo what came after it.</summary>
    private Task NothingToDoAsync(string operationId, ReadOnlyMemory<byte> fingerprint) =>
        MustCommitAsync(State, new Changes().Remember<Result<Done>>(operationId, fingerprint, Done.Instance));

    private Task BeginEndAsync(GroupState group, EndIntent end, Changes? changes = null) =>
        MustCommitAsync(State.With(group with { Order = group.Order with { End = end } }) with { NextActionAt = clock.Now }, changes ?? new Changes());

    /// <summary>The group with its next order.</summary>
    private GroupState Relisted(GroupState group, Changes changes)
    {
        var next = group with { Status = GroupStatus.Open, Order = NewOrder(group.Order.Oseq + 1, group.Spec, clock.Now) };
        TellOrder(changes, next, "order.created");
        return next;
    }

    /// <summary>Sends the manifest to the nodes of a lease that does not run the newest one yet.</summary>
    private async Task<bool> DeployStepAsync(GroupState group)
    {
        if (group.Order is not { Status: OrderStatus.Active, LeaseId: { } lease, End: null } || group.Order.Deployed == State.ManifestHash || State.PausedAt is not null)
        {
            return false;
        }

        var deployed = await Lease(lease).DeployAsync(await WorkloadsAsync(group));
        await MustCommitAsync(Resting(State.With(Deployed(group, deployed))), new Changes());
        ForgetSdl();
        return true;
    }

    private async Task<ImmutableArray<WorkloadSpec>> WorkloadsAsync(GroupState group) =>
        DeploymentPlan.Workloads(group.Order.LeaseId!, group.Spec, (await SdlAsync()).Manifest.Find(group.Spec.Name)!);

    /// <summary>The group after its manifest was sent.</summary>
    private GroupState Deployed(GroupState group, Result<LeaseView> answer)
    {
        var order = group.Order with { Deployed = State.ManifestHash };
        if (answer.IsOk)
        {
            return group with { Order = order };
        }

        LogDeployRefused(log, Id, answer.Refusal.ToString());
        // Who has lost the node has broken the lease. A manifest that is refused would be refused by the next node too, and no provider's name is to suffer for it: the group waits for its owner.
        var end = answer.Refusal.Code is "node.not_found" or "node.retired" or "node.reservation_gone" or "node.reservation_unconfirmed"
            ? new EndIntent(LeaseCloseReasons.Unstable, answer.Refusal.Detail, _options.RelistOnNodeLoss, GroupStatus.Paused)
            : new EndIntent(LeaseCloseReasons.ManifestRefused, answer.Refusal.Detail, Relist: false, GroupStatus.Paused);
        return group with { Order = order with { Problem = answer.Refusal, End = end } };
    }

    /// <summary>The SDL; kept in memory until every group runs it.</summary>
    private async Task<SdlDocument> SdlAsync()
    {
        if (_sdl is { } known && known.ManifestHashHex == State.ManifestHash)
        {
            return known;
        }

        var sealedRow = await store.ReadAsync(new RowId(SealedSdl.Kind.Table.Kind, Id, "sdl")) ?? throw new InvalidOperationException($"{Id} has no SDL");
        var text = Encoding.UTF8.GetString(secrets.Unprotect("deployment/" + Id, Convert.FromBase64String(RowKind<SealedSdl>.Read(sealedRow).Sealed)));
        return SdlParser.Parse(text).Require();
    }

    /// <summary>Env and credentials stay in memory no longer than they are needed.</summary>
    private void ForgetSdl()
    {
        if (State.Groups.All(g => g.Order.Deployed == State.ManifestHash))
        {
            _sdl = null;
        }
    }

    /// <summary>True while the escrow's state matters: something streams, or is paused for lack of money.</summary>
    private bool Spending => State.PausedAt is not null || State.Groups.Any(static g => g.Order is { Status: OrderStatus.Active });

    /// <summary>Looks at the escrow when it may have run dry or come back: pauses and resumes leases, closes them when the grace is over.</summary>
    private async Task<bool> FundsStepAsync()
    {
        if (!Spending || (_fundsKnown && (_fundsDue is null || clock.Now < _fundsDue)))
        {
            return false;
        }

        var settled = await Escrow.SettleAsync();
        if (!settled.IsOk)
        {
            throw new InvalidOperationException(settled.Refusal.ToString());
        }

        // Known only when what follows from it is done: a step that throws on its way comes again.
        _fundsKnown = false;
        var escrow = settled.Value;
        var (topUp, look) = await TopUpDueAsync();
        if (topUp)
        {
            return true;
        }

        var moved = escrow.Status == EscrowStatus.Paused ? await OutOfFundsAsync(escrow) : State.PausedAt is not null && await ResumeAsync();
        _fundsDue = Earlier(escrow.Status == EscrowStatus.Paused ? _fundsDue : escrow.RunOutHeight is { } height ? clock.TimeOf(height) : null, look);
        _fundsKnown = true;
        return moved;
    }

    private async Task<bool> OutOfFundsAsync(EscrowView escrow)
    {
        var since = State.PausedAt ?? clock.TimeOf(escrow.PausedAt ?? clock.Height);
        var graceEnds = since + _options.InsufficientFundsGrace;
        var groups = State.Groups;
        foreach (var group in State.Groups.Where(static g => g is { Status: GroupStatus.Open, Order: { Status: OrderStatus.Active, LeaseId: not null } }))
        {
            groups = groups.SetItem(group.Gseq - 1, group with { Status = GroupStatus.InsufficientFunds, Order = group.Order with { Deployed = "" } });
        }

        if (State.PausedAt is null || groups != State.Groups)
        {
            // Before any lease is suspended: a deposit that comes after a crash here must know what to resume.
            await MustCommitAsync(State with { Groups = groups, PausedAt = since }, Told("deployment.paused"));
        }

        foreach (var group in State.Groups.Where(static g => g.Order is { Status: OrderStatus.Active, LeaseId: not null, End: null }))
        {
            await Lease(group.Order.LeaseId!).SuspendAsync(true);
        }

        _fundsDue = graceEnds;
        if (clock.Now < graceEnds)
        {
            return false;
        }

        foreach (var group in State.Groups.Where(static g => g.Order is { Status: OrderStatus.Active, End: null }))
        {
            await BeginEndAsync(group, new EndIntent(LeaseCloseReasons.InsufficientFunds, "the escrow ran dry and the grace is over", Relist: false, GroupStatus.InsufficientFunds));
        }

        _fundsDue = null;
        await MustCommitAsync(State with { PausedAt = null }, Told("deployment.insufficient_funds"));
        return true;
    }

    private async Task<bool> ResumeAsync()
    {
        var groups = State.Groups;
        foreach (var group in State.Groups.Where(static g => g is { Status: GroupStatus.InsufficientFunds, Order: { Status: OrderStatus.Active, LeaseId: not null } }))
        {
            await Lease(group.Order.LeaseId!).SuspendAsync(false);
            groups = groups.SetItem(group.Gseq - 1, group with { Status = GroupStatus.Open });
        }

        await MustCommitAsync(State with { Groups = groups, PausedAt = null }, Told("deployment.resumed"));
        return true;
    }

    [LoggerMessage(4202, LogLevel.Warning, "Deployment {Deployment}: the manifest could not be placed: {Refusal}")]
    private static partial void LogDeployRefused(ILogger logger, string deployment, string refusal);
}
