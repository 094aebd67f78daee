using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments.Sdl;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Deployments;

/// <summary>
/// Owns a deployment's sagas (opening, bidding, award, end of a lease, run-out, close). Every step's intent is in the row before the step is taken;
/// <see cref="AdvanceAsync"/> moves on whatever the row says is unfinished, called by commands, by the grain's own timer and by the sweep.
/// </summary>
[GrainType("depin.deployment")]
public sealed partial class DeploymentGrain(
    IRowStore store,
    IOrderScreening screening,
    ISecretProtector secrets,
    TokenCatalog tokens,
    NetworkClock clock,
    NetworkParameters parameters,
    DeploymentMetrics metrics,
    IOptions<DeploymentOptions> options,
    ILogger<DeploymentGrain> log) : Grain, IDeploymentGrain
{
    private const int OseqMax = 999_999;
    private readonly DeploymentOptions _options = options.Value;
    private readonly Dictionary<string, BidState> _bids = new(StringComparer.Ordinal);
    private GrainRow<DeploymentState> _row = null!;
    private IGrainTimer? _timer;

    private string Id => this.GetPrimaryKeyString();

    private DeploymentState State => _row.Value ?? throw new InvalidOperationException($"deployment {Id} does not exist");

    private IEscrowGrain Escrow => GrainFactory.GetGrain<IEscrowGrain>(Id);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<DeploymentState>(store, DeploymentState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
        if (_row.Exists)
        {
            await LoadBidsAsync(cancellationToken);
            Schedule();
        }
    }

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> CreateAsync(CreateDeployment command)
    {
        _row.ThrowIfLost();
        var fingerprint = Convert.ToHexStringLower(Changes.Fingerprint(command).Span);
        if (_row.Value is { } known)
        {
            if (known.CreateId != command.OperationId)
            {
                return Refusal.Of("deployment.dseq_taken", $"{Id} exists already", ("deployment", Id));
            }

            return known.CreateFingerprint != fingerprint
                ? Refusal.Of("request.id_reused", $"the idempotency key {command.OperationId} was used for another request", ("idempotencyKey", command.OperationId))
                : await OpenEscrowAsync();
        }

        var opening = Opening(command, fingerprint, await parameters.NowAsync());
        if (!opening.IsOk)
        {
            return opening.Refusal;
        }

        if (await TakenAsync(opening.Value.Groups.SelectMany(static g => g.Hostnames)) is { } taken)
        {
            return taken;
        }

        var changes = new Changes()
            .With(SealedSdl.Kind.Child(Id, "sdl", new SealedSdl(Convert.ToBase64String(secrets.Protect("deployment/" + Id, Encoding.UTF8.GetBytes(command.Sdl)).Span))));
        return await CommitAsync(await PlannedAsync(opening.Value), changes) is { } refusal ? refusal : await OpenEscrowAsync();
    }

    /// <inheritdoc/>
    public Task<Result<DeploymentView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Exists ? View() : (Result<DeploymentView>)NotFound());
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> DepositAsync(string operationId, string caller, long amount, DepositFrom from = DepositFrom.Balance)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (State.Status == DeploymentStatus.Opening)
        {
            // Else the same deposit, sent again, would be taken by an escrow that was said not to exist.
            await OpenEscrowAsync();
        }

        // Anyone may pay into a deployment (Akash: AccountDeposit); what is left goes back to whoever paid.
        var answer = await Escrow.DepositAsync(operationId, caller, amount, from);
        if (answer.IsOk)
        {
            await CommitAsync(State with { NextActionAt = clock.Now }, new Changes());
            // A paused lease resumes now, not at the end of its grace.
            _fundsDue = clock.Now;
            await AdvanceAsync();
        }

        return answer.IsOk ? Seen(answer.Value, caller) : answer;
    }

    /// <summary>The escrow as one who is not its owner may see it: what stands in it, and of the parts only its own.</summary>
    private EscrowView Seen(EscrowView escrow, string caller) => caller == State.Owner
        ? escrow
        : escrow with
        {
            Deposits = escrow.Deposits.RemoveAll(d => d.Depositor != caller),
            Payments = escrow.Payments.RemoveAll(p => p.Payee != caller),
        };

    /// <inheritdoc/>
    public async Task<Result<DeploymentView>> CloseAsync(string operationId, string caller, int reason = LeaseCloseReasons.Owner)
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

        var print = Changes.Fingerprint(new { Command = "close", Reason = reason });
        if (await SeenAsync(operationId, print) is { } seen)
        {
            return seen;
        }

        if (State.Status == DeploymentStatus.Opening)
        {
            // Only an escrow that is known to be open, or never to be, can be closed: its deposit may be on its way.
            await OpenEscrowAsync();
        }

        if (State.Status == DeploymentStatus.Active)
        {
            var detail = reason == LeaseCloseReasons.Owner ? "closed by the owner" : $"closed by the owner (reason {reason})";
            var next = State with { Status = DeploymentStatus.Closing, CloseDetail = detail, CloseReason = reason, NextActionAt = clock.Now };
            await MustCommitAsync(Ending(next), new Changes().Remember<Result<Done>>(operationId, print, Done.Instance));
        }
        else
        {
            await NothingToDoAsync(operationId, print);
        }

        await AdvanceAsync();
        return View();
    }

    /// <inheritdoc/>
    public async Task<Result<ScreeningReport>> WhyAsync(int gseq, int oseq)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var row = await store.ReadAsync(new RowId(ScreeningRow.Kind.Table.Kind, Id, OrderRow.KeyOf(gseq, oseq)));
        return row is null
            ? Refusal.Of("order.not_screened", $"order {Id}/{gseq}/{oseq} was not screened yet or does not exist", ("order", $"{Id}/{gseq}/{oseq}"))
            : RowKind<ScreeningRow>.Read(row).Report;
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> WithdrawAsync(string operationId, string provider, int gseq)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "withdraw", Provider = provider, Gseq = gseq });
        if (await _row.RememberedAsync<EscrowView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (Group(gseq) is not { Order: { LeaseId: { } lease, Winner: { } winner } } || winner != provider)
        {
            return Refusal.Of("lease.not_found", $"{provider} has no lease in group {gseq} of {Id}", ("deployment", Id), ("gseq", gseq));
        }

        var withdrawn = await Escrow.WithdrawAsync(operationId, lease);
        if (withdrawn.IsOk)
        {
            withdrawn = Seen(withdrawn.Value, provider);
            await MustCommitAsync(State, new Changes().Remember(operationId, print, withdrawn));
        }

        return withdrawn;
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (_row.Exists)
        {
            await AdvanceAsync();
        }
    }

    private Result<DeploymentState> Opening(CreateDeployment command, string fingerprint, ParameterValues values)
    {
        if (values[NetworkParameterCatalog.MarketPaused] != 0)
        {
            return Refusal.Of("market.paused", "the market is paused by its operators: no new deployments now; what runs goes on");
        }

        var parsed = SdlParser.Parse(command.Sdl);
        if (!parsed.IsOk)
        {
            return SdlRefusals.Of(parsed.Errors);
        }

        var sdl = parsed.Document;
        if (DeploymentLimits.Check(sdl.Groups, sdl.ReclamationMinWindow) is [var tooMuch, ..])
        {
            return tooMuch;
        }

        if (tokens.Find(sdl.Groups[0].Units[0].Price.Denom)?.Denom is not { } denom)
        {
            var unknown = sdl.Groups[0].Units[0].Price.Denom;
            return Refusal.Of("deployment.denom_unknown", $"this network has no token {unknown}", ("denom", unknown));
        }

        if (values.Of(NetworkParameterCatalog.MinDeposit, denom, _options.MinDeposit) is var minimum && command.Deposit < minimum)
        {
            return Refusal.Of("deployment.deposit_too_small", $"the deposit of {command.Deposit} {denom} is below the minimum of {minimum}", ("deposit", command.Deposit), ("minimum", minimum), ("denom", denom));
        }

        if ((HostnamesInvalid(sdl.Groups.SelectMany(g => HostnamesOf(sdl, g))) ?? Unfit(sdl)) is { } unfit)
        {
            return unfit;
        }

        var now = clock.Now;
        _sdl = sdl;
        var slash = Id.LastIndexOf('/');
        return new DeploymentState(
            command.Owner,
            Id[(slash + 1)..],
            DeploymentStatus.Opening,
            denom,
            command.Deposit,
            command.OperationId,
            fingerprint,
            sdl.ManifestHashHex,
            command.Winner,
            (long)(sdl.ReclamationMinWindow?.TotalSeconds ?? 0),
            Groups(sdl, now),
            now,
            null,
            null,
            "",
            null,
            now) { From = command.From };
    }

    private ImmutableArray<GroupState> Groups(SdlDocument sdl, DateTimeOffset now)
    {
        var groups = ImmutableArray.CreateBuilder<GroupState>();
        foreach (var spec in sdl.Groups)
        {
            var manifest = sdl.Manifest.Find(spec.Name) ?? throw new InvalidOperationException($"group {spec.Name} has no manifest");
            groups.Add(new GroupState(groups.Count + 1, GroupStatus.Open, spec, DeploymentPlan.Slots(LongestLease(groups.Count + 1), spec, manifest), NewOrder(1, spec, now))
            {
                Hostnames = DeploymentPlan.Hostnames(manifest),
                Ips = DeploymentPlan.Ips(manifest),
            });
        }

        return groups.DrainToImmutable();
    }

    /// <summary>Refuses what no provider would take or no node could be told.</summary>
    private Refusal? Unfit(SdlDocument sdl) => ManifestFit.Check(sdl.Manifest, sdl.Groups) is [var unfit, ..]
        ? unfit
        : sdl.Groups.Select((spec, i) => DeploymentPlan.TooLarge(LongestLease(i + 1), spec, sdl.Manifest.Find(spec.Name)!)).FirstOrDefault(static r => r is not null);

    /// <summary>An id as long as those of a group's leases get.</summary>
    private string LongestLease(int gseq) => string.Create(CultureInfo.InvariantCulture, $"{Id}/{gseq}/{OseqMax}/{new string('x', IdentityIds.IdentityLength)}");

    private OrderState NewOrder(int oseq, GroupSpec spec, DateTimeOffset now)
    {
        var ceiling = spec.Units.Aggregate(Rate.Zero, static (sum, u) => sum + (new Rate(u.Price.ScaledE18) * u.Count));
        return new OrderState(oseq, OrderStatus.Open, ceiling.ToString(), now, now + _options.BidWindow, null, null, null, null, null, "", null);
    }

    /// <summary>Step one of every deployment: the deposit. Refused → the deployment is closed and answers the refusal for ever.</summary>
    private async Task<Result<DeploymentView>> OpenEscrowAsync()
    {
        if (State.OpenRefusal is { } before)
        {
            return before;
        }

        if (State.Status == DeploymentStatus.Opening)
        {
            try
            {
                await OpenStepAsync();
            }
            finally
            {
                Schedule();
            }

            if (State.OpenRefusal is { } refusal)
            {
                return refusal;
            }
        }

        return View();
    }

    private async Task OpenStepAsync()
    {
        var opened = await Escrow.OpenAsync(State.CreateId, State.Owner, State.Denom, State.Deposit, State.From ?? DepositFrom.Balance);
        if (!opened.IsOk)
        {
            // Nothing is booked before the escrow is open.
            _plans.Clear();
            _bids.Clear();
            ImmutableArray<GroupState> groups = [.. State.Groups.Select(static g => g with { Order = g.Order with { Trying = [] } })];
            var refused = State with { Status = DeploymentStatus.Closed, Groups = groups, OpenRefusal = opened.Refusal, CloseDetail = opened.Refusal.Detail, ClosedAt = clock.Now, NextActionAt = null };
            await MustCommitAsync(refused, Told("deployment.refused").With(NoSdl));
            return;
        }

        var changes = Told("deployment.created");
        foreach (var group in State.Groups)
        {
            TellOrder(changes, group, "order.created");
        }

        var active = State with { Status = DeploymentStatus.Active, NextActionAt = clock.Now };
        if (await TryBookFirstAsync() is { } booked)
        {
            await BookedAsync(active, Group(booked.Gseq)!, booked.Plan, booked.Refusals, changes);
        }
        else
        {
            await MustCommitAsync(active, changes);
        }
    }

    /// <summary>A deployment that is over runs nothing: what its SDL holds of env and credentials goes.</summary>
    private ChildWrite NoSdl => SealedSdl.Kind.Delete(Id, "sdl");

    private async Task<Refusal?> CommitAsync(DeploymentState next, Changes changes)
    {
        var refusal = await _row.CommitAsync(next, changes);
        if (refusal is null)
        {
            metrics.Committed(changes);
        }

        return refusal;
    }

    /// <summary>Commits a step of a saga: its data was accepted before, so a refusal is a bug.</summary>
    private async Task MustCommitAsync(DeploymentState next, Changes changes)
    {
        if (await CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private Changes Told(string type, Changes? changes = null) => (changes ?? new Changes()).Event("deployment/" + Id, type, Id, new { Deployment = Id, _row.Value?.Owner });

    private void TellOrder(Changes changes, GroupState group, string type)
    {
        var order = group.Order;
        var row = new OrderRow(Id, State.Owner, group.Gseq, order.Oseq, order.Status, group.Spec, order.Ceiling, State.Denom, order.OpenedAt, order.WindowEndsAt, State.Winner) { ReclaimMinSeconds = State.ReclaimMinSeconds };
        var data = new { Order = OrderId(group), group.Gseq, order.Oseq, Status = order.Status.ToString().ToLowerInvariant(), order.Ceiling, State.Denom };
        changes.With(OrderRow.Kind.Child(Id, OrderRow.KeyOf(group.Gseq, order.Oseq), row))
            .Event("market", "deployment/" + Id, type, OrderId(group), data);
    }

    private void TellBid(Changes changes, BidState bid, string type, bool row = true)
    {
        var data = new { Bid = BidId(bid), bid.Provider, Status = bid.Status.ToString().ToLowerInvariant(), bid.Price, bid.Denom };
        if (row)
        {
            changes.With(BidState.Kind.Child(Id, bid.Key, bid));
        }

        changes.Event("deployment/" + Id, "provider/" + bid.Provider, type, BidId(bid), data);
    }

    private string OrderId(GroupState group) => string.Create(CultureInfo.InvariantCulture, $"{Id}/{group.Gseq}/{group.Order.Oseq}");

    private string BidId(BidState bid) => string.Create(CultureInfo.InvariantCulture, $"{Id}/{bid.Gseq}/{bid.Oseq}/{bid.Provider}");

    private GroupState? Group(int gseq) => _row.Value is { } s && gseq >= 1 && gseq <= s.Groups.Length ? s.Groups[gseq - 1] : null;

    private Refusal? Missing()
    {
        _row.ThrowIfLost();
        return _row.Exists ? null : NotFound();
    }

    private Refusal NotFound() => Refusal.Of("deployment.not_found", $"no deployment {Id}", ("deployment", Id));

    private Refusal? NotOwner(string caller) =>
        State.Owner == caller ? null : Refusal.Of("deployment.not_owner", $"{Id} belongs to another identity", ("deployment", Id), ("caller", caller));

    private DeploymentView View()
    {
        var s = State;
        return new DeploymentView(Id, s.Owner, s.Dseq, s.Status, s.ManifestHash, s.Denom, [.. s.Groups.Select(View)], s.CreatedAt, s.CloseDetail, _row.Version);
    }

    private GroupView View(GroupState g) => new(
        g.Gseq,
        g.Status,
        g.Spec,
        new OrderView(
            OrderId(g),
            g.Gseq,
            g.Order.Oseq,
            g.Order.Status,
            g.Order.Ceiling,
            State.Denom,
            g.Order.OpenedAt,
            g.Order.WindowEndsAt,
            State.Winner,
            g.Order.LeaseId,
            [.. _bids.Values.Where(b => b.Of(g.Gseq, g.Order.Oseq) && !State.IsTrying(b)).OrderBy(static b => Rate.Parse(b.Price)).ThenBy(static b => b.At).Select(View)],
            g.Order.Problem));

    private BidView View(BidState b) => new(BidId(b), b.Provider, b.Status, b.Price, b.Denom, [.. b.Bookings.Select(static x => x.Node)], b.Managed, b.At, b.Status == BidStatus.Open ? b.BookedUntil : null, b.ReclaimWindowSeconds);

    private ILedgerGrain Ledger => GrainFactory.GetGrain<ILedgerGrain>(State.Denom);

    private INodeGrain Node(string node) => GrainFactory.GetGrain<INodeGrain>(node);

    private ILeaseGrain Lease(string lease) => GrainFactory.GetGrain<ILeaseGrain>(lease);
}
