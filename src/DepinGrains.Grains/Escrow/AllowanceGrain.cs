using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Escrow;

/// <summary>The row of an allowance.</summary>
public sealed record AllowanceState(string OperationId, string Granter, string Grantee, string Token, long Limit, long Left, DateTimeOffset? ExpiresAt, bool Revoked, DateTimeOffset CreatedAt) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<AllowanceState> Kind = new(
        new TableDefinition(
            "allowance",
            [new("granter", ColumnType.Text), new("grantee", ColumnType.Text), new("token", ColumnType.Text), new("usable", ColumnType.Boolean), new("created_ms", ColumnType.Int64)],
            [new("granter", ["granter", "created_ms"]), new("grantee", ["grantee", "created_ms"])]),
        static s => [s.Granter, s.Grantee, s.Token, !s.Revoked && s.Left > 0, s.CreatedAt.ToUnixTimeMilliseconds()]);

    /// <summary>As callers see it.</summary>
    public AllowanceView View(string id) => new(id, Granter, Grantee, Token, Limit, Left, ExpiresAt, Revoked, CreatedAt);

    /// <summary>As the Domain counts it.</summary>
    public DepositAllowance Rule(string id) => new(id, Granter, Grantee, Token, Revoked ? 0 : Left, AllowanceScopes.Deployment, ExpiresAt);
}

/// <summary>The single writer of one allowance; answers of draws and restores are remembered for ever.</summary>
[GrainType("depin.allowance")]
public sealed class AllowanceGrain(IRowStore store, TokenCatalog tokens, NetworkClock clock) : Grain, IAllowanceGrain
{
    private GrainRow<AllowanceState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<AllowanceState>(store, AllowanceState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<AllowanceView>> GrantAsync(GrantAllowance command)
    {
        _row.ThrowIfLost();
        if (_row.Value is { } known)
        {
            return known.OperationId == command.OperationId && known.Granter == command.Granter && known.Grantee == command.Grantee && known.Token == (tokens.Find(command.Token)?.Denom ?? command.Token) && known.Limit == command.Limit && known.ExpiresAt == command.ExpiresAt
                ? known.View(Id)
                : Refusal.Of("request.id_reused", $"the idempotency key {command.OperationId} was used for another request", ("idempotencyKey", command.OperationId));
        }

        if (tokens.Find(command.Token)?.Denom is not { } token)
        {
            return Refusal.Of("allowance.token_unknown", $"this network has no token {command.Token}", ("token", command.Token));
        }

        if (command.Grantee.Length is 0 or > 100 || command.Grantee == command.Granter)
        {
            return Refusal.Of("allowance.grantee_invalid", "the grantee is another identity", ("grantee", command.Grantee));
        }

        if (command.Limit is <= 0 or > EscrowLimits.DepositedMax)
        {
            return Refusal.Of("allowance.limit_invalid", $"a limit is 1 to {EscrowLimits.DepositedMax} minor units, not {command.Limit}", ("limit", command.Limit), ("max", EscrowLimits.DepositedMax));
        }

        if (command.ExpiresAt <= clock.Now)
        {
            return Refusal.Of("allowance.expiry_invalid", $"{command.ExpiresAt:O} is past ({clock.Now:O})", ("now", clock.Now.ToString("O")));
        }

        var state = new AllowanceState(command.OperationId, command.Granter, command.Grantee, token, command.Limit, command.Limit, command.ExpiresAt, false, clock.Now);
        return await _row.CommitAsync(state, Told(state, "allowance.granted", command.Limit)) is { } refusal ? refusal : state.View(Id);
    }

    /// <inheritdoc/>
    public async Task<Result<AllowanceView>> RevokeAsync(string operationId, string caller)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { } state)
        {
            return NotFound();
        }

        var print = Changes.Fingerprint(new { Command = "revoke", Caller = caller });
        if (await _row.RememberedAsync<AllowanceView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        // Who got it may decline it too: one that is worth nothing must not stand in the way of one that is.
        if (state.Granter != caller && state.Grantee != caller)
        {
            return Refusal.Of("allowance.not_owner", $"{Id} was given by {state.Granter} to {state.Grantee}, not by {caller}", ("allowance", Id), ("caller", caller));
        }

        var next = state with { Revoked = true };
        Result<AllowanceView> answer = next.View(Id);
        var changes = state.Revoked ? new Changes() : Told(state, state.Granter == caller ? "allowance.revoked" : "allowance.declined", state.Left);
        return await _row.CommitAsync(next, changes.Remember(operationId, print, answer)) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> DrawAsync(string drawId, string grantee, string token, long amount)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { } state)
        {
            return NotFound();
        }

        var print = Changes.Fingerprint(new { drawId, grantee, token, amount });
        if (await _row.RememberedAsync<Done>(drawId, print) is { } remembered)
        {
            return remembered;
        }

        // A refusal is remembered too: the saga that asks may come back after a crash, and must find the same answer.
        var why = WhyNot(state, grantee, token, amount);
        var next = why is null ? state with { Left = state.Rule(Id).Draw(amount).Left } : state;
        var answer = why is null ? Done.Instance : (Result<Done>)why;
        var changes = why is null ? Told(state, "allowance.drawn", amount) : new Changes();
        return await _row.CommitAsync(next, changes.Remember(drawId, print, answer)) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> RestoreAsync(string restoreId, long amount)
    {
        _row.ThrowIfLost();
        if (_row.Value is not { } state)
        {
            return NotFound();
        }

        var print = Changes.Fingerprint(new { restoreId, amount });
        if (await _row.RememberedAsync<Done>(restoreId, print) is { } remembered)
        {
            return remembered;
        }

        var changes = Told(state, "allowance.restored", amount).Remember<Result<Done>>(restoreId, print, Done.Instance);
        return await _row.CommitAsync(state with { Left = checked(state.Left + amount) }, changes) is { } refusal ? refusal : Done.Instance;
    }

    /// <inheritdoc/>
    public Task<Result<AllowanceView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value is { } state ? state.View(Id) : (Result<AllowanceView>)NotFound());
    }

    private Refusal? WhyNot(AllowanceState state, string grantee, string token, long amount) =>
        state.Grantee != grantee || state.Token != token ? Refusal.Of("allowance.not_allowed", $"{Id} lets {state.Grantee} deposit {state.Token}, not {grantee} {token}", ("grantee", grantee), ("token", token))
        : state.Revoked ? Refusal.Of("allowance.revoked", $"{Id} was revoked", ("allowance", Id))
        : state.ExpiresAt <= clock.Now ? Refusal.Of("allowance.expired", $"{Id} expired at {state.ExpiresAt:O}", ("allowance", Id))
        : amount <= 0 || amount > state.Left ? Refusal.Of("allowance.exceeded", $"{amount} {token} were asked of {Id}, {state.Left} are left of {state.Limit}", ("wanted", amount), ("left", state.Left), ("limit", state.Limit))
        : null;

    private Changes Told(AllowanceState state, string type, long amount) =>
        new Changes().Event("identity/" + state.Granter, type, Id, new { Allowance = Id, state.Grantee, state.Token, Amount = amount });

    private Refusal NotFound() => Refusal.Of("allowance.not_found", $"there is no allowance {Id}", ("allowance", Id));
}
