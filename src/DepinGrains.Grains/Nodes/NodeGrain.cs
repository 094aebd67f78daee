using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Nodes;

/// <summary>One hardware node. Every answer follows from the committed row and the time; expired reservations count as gone from the moment they expire and leave the row with the next write.</summary>
[GrainType("depin.node")]
public sealed partial class NodeGrain(
    IRowStore store, NetworkClock clock, ISecretProtector protector, INodeNotifier notifier, IOptions<NodeOptions> options, ILogger<NodeGrain> log)
    : Grain, INodeGrain
{
    private readonly NodeOptions _options = options.Value;
    private GrainRow<NodeState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<NodeState>(store, NodeRows.Node, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken, row => NodeBookRows.WholeAsync(store, row, cancellationToken));
    }

    /// <inheritdoc/>
    public Task<Result<NodeView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult<Result<NodeView>>(_row.Exists ? View(_row.Value) : NotFound());
    }

    /// <inheritdoc/>
    public async Task<Result<NodeView>> JoinAsync(string operationId, NodeRegistration registration)
    {
        _row.ThrowIfLost();
        if (NodeChecks.Registration(registration) is { } invalid)
        {
            return invalid;
        }

        var now = clock.Now;
        if (_row.Exists)
        {
            return await JoinAgainAsync(_row.Value, registration, now);
        }

        var state = new NodeState
        {
            Id = Id,
            Provider = registration.Provider,
            PublicKey = registration.PublicKey,
            Region = registration.Region,
            Host = registration.Host,
            Attributes = registration.Attributes,
            Hardware = registration.Hardware,
            JoinedAt = now,
            LastSeenAt = now,
        };
        var refusal = await CommitAsync(state, now, NodeEvents.Joined);
        if (refusal is not null)
        {
            return refusal;
        }

        LogJoined(Id, registration.Provider);
        return View(_row.Value!);
    }

    /// <inheritdoc/>
    public async Task<Result<NodeSession>> ConnectAsync(string boot, HardwareInventory hardware)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var connected = NodeRules.Apply(_row.Value, NodeTrigger.Connected);
        if (!connected.IsOk)
        {
            return Retired(_row.Value);
        }

        if (!NodeChecks.IsText(boot, 0, 128))
        {
            return Refusal.Of("node.boot_invalid", "the boot id must be plain text of at most 128 characters");
        }

        if (NodeChecks.Hardware(hardware) is { } invalid)
        {
            return invalid;
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (NodeRules.Uncovered(state, hardware) is { } uncovered)
        {
            await RefuseHardwareAsync(state, hardware, uncovered, now);
            return uncovered;
        }

        var next = state with
        {
            Hardware = hardware,
            Liveness = connected.Value.Liveness,
            Session = state.Session + 1,
            Boot = boot,
            LastSeenAt = now,
            RefusedHardware = "",
        };
        if (await CommitAsync(next, now, NodeRules.StatusOf(state) == NodeRules.StatusOf(next) ? null : NodeEvents.Online) is { } refusal)
        {
            return refusal;
        }

        LogConnected(Id, next.Session);
        notifier.SessionChanged(Id, next.Session, retired: false);
        return new NodeSession(Id, next.Session, next.Generation, next.Provider);
    }

    /// <inheritdoc/>
    public async Task<Result<ImmutableArray<string>>> MarkOfflineAsync(long session, DateTimeOffset since)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var state = _row.Value;
        if (state.Session != session)
        {
            return Stale(state, session);
        }

        if (NodeRules.IsLive(state))
        {
            var now = clock.Now;
            var next = NodeRules.Apply(Swept(state, now), NodeTrigger.TimedOut).Require() with { LastSeenAt = Later(state.LastSeenAt, since) };
            if (await CommitAsync(next, now, NodeEvents.Offline) is { } refusal)
            {
                return refusal;
            }

            LogOffline(Id, session, since);
        }

        return NodeRules.Leases(_row.Value);
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> MarkSuspectAsync(long session, bool suspect, DateTimeOffset lastSeen)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var state = _row.Value;
        if (state.Session != session || !NodeRules.IsLive(state))
        {
            return Stale(state, session);
        }

        var now = clock.Now;
        var next = NodeRules.Apply(Swept(state, now), suspect ? NodeTrigger.Overdue : NodeTrigger.Beat).Require();
        if (next.Liveness == state.Liveness)
        {
            return Done.Instance;
        }

        next = next with { LastSeenAt = Later(state.LastSeenAt, lastSeen) };
        return await CommitAsync(next, now, eventType: null) is { } refusal ? refusal : Done.Instance;
    }

    /// <inheritdoc/>
    public async Task<Result<NodeView>> DrainAsync(string operationId, string owner, bool drain)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        if (NotOwner(_row.Value, owner) is { } foreign)
        {
            return foreign;
        }

        var fingerprint = Changes.Fingerprint(drain ? "drain on" : "drain off");
        if (await _row.RememberedAsync<NodeView>(operationId, fingerprint) is { } remembered)
        {
            return remembered;
        }

        var now = clock.Now;
        var wished = NodeRules.Apply(Swept(_row.Value, now), drain ? NodeTrigger.Drain : NodeTrigger.Undrain);
        if (!wished.IsOk)
        {
            return Retired(_row.Value);
        }

        var next = wished.Value with { UpdatedAt = now };
        Result<NodeView> answer = NodeRules.View(next, _row.Version + 1, now);
        var type = drain == _row.Value.Draining ? null : drain ? NodeEvents.Draining : NodeEvents.Resumed;
        return await CommitAsync(next, now, type, new Changes().Remember(operationId, fingerprint, answer)) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public async Task<Result<ImmutableArray<string>>> RetireAsync(string operationId, string owner, string reason)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        if (NotOwner(_row.Value, owner) is { } foreign)
        {
            return foreign;
        }

        if (!NodeChecks.IsText(reason, 0, 256))
        {
            return Refusal.Of("node.reason_invalid", "the reason must be plain text of at most 256 characters");
        }

        if (await _row.RememberedAsync<ImmutableArray<string>>(operationId, Changes.Fingerprint("retire " + reason)) is { } remembered)
        {
            return remembered;
        }

        if (_row.Value.Liveness == NodeStatus.Retired)
        {
            return NodeRules.Leases(_row.Value);
        }

        return await RetireAsync(reason, (changes, leases) => changes.Remember<Result<ImmutableArray<string>>>(operationId, Changes.Fingerprint("retire " + reason), leases));
    }

    /// <inheritdoc/>
    public async Task<Result<bool>> RetireSilentAsync(TimeSpan silence)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { Liveness: NodeStatus.Offline } state || clock.Now - state.LastSeenAt < silence)
        {
            return false;
        }

        var retired = await RetireAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"not seen since {state.LastSeenAt:yyyy-MM-dd HH:mm} UTC, for {silence} or longer"), static (_, _) => { });
        return retired.IsOk ? true : retired.Refusal;
    }

    private async Task<Result<ImmutableArray<string>>> RetireAsync(string reason, Action<Changes, ImmutableArray<string>> also)
    {
        var now = clock.Now;
        var state = Swept(_row.Value!, now);
        var changes = new Changes();
        var bookings = state.Bookings.Select(booking => Emptied(booking, changes)).ToImmutableArray();
        var next = NodeRules.Apply(state, NodeTrigger.Retire).Require() with { RetiredReason = reason, Bookings = bookings, Generation = state.Generation + 1 };
        var leases = NodeRules.Leases(next);
        also(changes, leases);
        if (await CommitAsync(next, now, NodeEvents.Retired, changes, reason) is { } refusal)
        {
            return refusal;
        }

        LogRetired(Id, leases.Length, reason);
        notifier.SessionChanged(Id, next.Session, retired: true);
        return leases;
    }

    /// <inheritdoc/>
    public async Task<Result<NodeView>> SetOvercommitAsync(string operationId, string owner, NodeOvercommit overcommit)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        if (NotOwner(_row.Value, owner) is { } foreign)
        {
            return foreign;
        }

        var fingerprint = Changes.Fingerprint(overcommit);
        if (await _row.RememberedAsync<NodeView>(operationId, fingerprint) is { } remembered)
        {
            return remembered;
        }

        if (NodeChecks.Overcommit(overcommit) is { } invalid)
        {
            return invalid;
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (NodeRules.Uncovered(state, overcommit) is { } uncovered)
        {
            return uncovered;
        }

        var next = state with { Overcommit = overcommit, UpdatedAt = now };
        Result<NodeView> answer = NodeRules.View(next, _row.Version + 1, now);
        return await CommitAsync(next, now, eventType: null, new Changes().Remember(operationId, fingerprint, answer)) is { } refusal ? refusal : answer;
    }

    private async Task<Result<NodeView>> JoinAgainAsync(NodeState state, NodeRegistration registration, DateTimeOffset now)
    {
        if (state.PublicKey != registration.PublicKey)
        {
            return Refusal.Of("node.key_mismatch", $"node {Id} joined with another key", ("node", Id));
        }

        if (state.Provider != registration.Provider)
        {
            return Refusal.Of("node.owned_by_another", $"node {Id} belongs to another provider", ("node", Id));
        }

        if (state.Liveness == NodeStatus.Retired)
        {
            return Retired(state);
        }

        var swept = Swept(state, now);
        if (NodeRules.Uncovered(swept, registration.Hardware) is { } uncovered)
        {
            await RefuseHardwareAsync(swept, registration.Hardware, uncovered, now);
            return uncovered;
        }

        var next = swept with { Hardware = registration.Hardware, Region = registration.Region, Host = registration.Host, Attributes = registration.Attributes };
        return RowJson.Write(next).Span.SequenceEqual(RowJson.Write(state).Span) || await CommitAsync(next, now, eventType: null) is not { } refusal
            ? View(_row.Value!)
            : refusal;
    }

    private async Task RefuseHardwareAsync(NodeState state, HardwareInventory hardware, Refusal refusal, DateTimeOffset now)
    {
        LogHardwareRefused(Id, refusal.Detail);
        var lie = Convert.ToHexStringLower(Changes.Fingerprint(hardware).Span[..8]);
        if (state.RefusedHardware != lie)
        {
            await CommitAsync(state with { RefusedHardware = lie }, now, NodeEvents.HardwareRefused, detail: refusal.Detail);
        }
    }

    private Task<Refusal?> CommitAsync(NodeState next, DateTimeOffset now, string? eventType, Changes? changes = null, string? detail = null)
    {
        changes ??= new Changes();
        if (eventType is not null)
        {
            var data = new NodeEventData(Id, next.Provider, NodeRows.StatusText(NodeRules.StatusOf(next)), next.Region, next.LastSeenAt, NodeRules.Leases(next).Length, detail);
            changes.Event("market", eventType, Id, data).Event($"node/{Id}", eventType, Id, data);
        }

        return _row.CommitAsync(NodeBookRows.Kept(_row.Value, next with { UpdatedAt = now }, changes), changes);
    }

    /// <summary>Commits a change of bookings alone: the row's time moves at most once a <see cref="NodeRows.BookingPrecision"/>, because five indexes move with it.</summary>
    private Task<Refusal?> CommitBookingAsync(NodeState next, DateTimeOffset now, Changes? changes = null)
    {
        var since = now - next.UpdatedAt;
        return CommitAsync(next, since >= TimeSpan.Zero && since < NodeRows.BookingPrecision ? next.UpdatedAt : now, eventType: null, changes);
    }

    private NodeView View(NodeState state) => NodeRules.View(state, _row.Version, clock.Now);

    private static NodeState Swept(NodeState state, DateTimeOffset now) => state with
    {
        Bookings = NodeRules.Standing(state, now),
        Released = state.Released.Any(released => released.Until <= now) ? [.. state.Released.Where(released => released.Until > now)] : state.Released,
    };

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private Refusal NotFound() => Refusal.Of("node.not_found", $"there is no node {Id}", ("node", Id));

    private static Refusal? NotOwner(NodeState state, string owner) =>
        state.Provider == owner ? null : Refusal.Of("node.not_owner", $"node {state.Id} belongs to another provider", ("node", state.Id));

    private static Refusal Retired(NodeState state) =>
        Refusal.Of("node.retired", $"node {state.Id} was retired: {state.RetiredReason}", ("node", state.Id), ("reason", state.RetiredReason));

    private static Refusal Stale(NodeState state, long session) =>
        Refusal.Of("node.session_stale", $"session {session} of node {state.Id} is not its newest connection ({state.Session})", ("session", session), ("newest", state.Session));
}
