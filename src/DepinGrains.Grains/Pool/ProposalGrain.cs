using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Pool;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Pool;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Pool;

/// <summary>The row of a proposal. <paramref name="NextActionAt"/>: when the sweep must come by.</summary>
public sealed record ProposalState(
    ProposalStatus Status,
    ProposalBody Body,
    string Author,
    ImmutableArray<string> Approvals,
    int ApprovalsNeeded,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? ExecuteAt,
    int Paid,
    Refusal? Problem,
    DateTimeOffset? NextActionAt) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ProposalState> Kind = new(
        new TableDefinition(
            "proposal",
            [new("status", ColumnType.Text), new("created_ms", ColumnType.Int64), new("next_action_ms", ColumnType.Int64)],
            [new("status", ["status", "created_ms"]), new("created", ["created_ms"]), new("next_action", ["next_action_ms"])]),
        static s => [s.Status.ToString().ToLowerInvariant(), s.CreatedAt.ToUnixTimeMilliseconds(), s.NextActionAt?.ToUnixTimeMilliseconds()]);

    /// <summary>As callers see it.</summary>
    public ProposalView View(string id, DateTimeOffset now) =>
        new(id, ProposalRules.At(Status, ExpiresAt, now), Body, Author, Approvals, ApprovalsNeeded, CreatedAt, ExpiresAt, ExecuteAt, Paid, Problem);
}

/// <summary>Owns one proposal. Its intent is its own row: <c>executing</c> with the number of instalments paid; instalment n is the ledger transfer <c>pool/{id}/{n}</c>, once for ever.</summary>
[GrainType("depin.proposal")]
public sealed class ProposalGrain(IRowStore store, TokenCatalog tokens, NetworkParameters parameters, NetworkClock clock) : Grain, IProposalGrain
{
    private GrainRow<ProposalState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    private ProposalState State => _row.Value ?? throw new InvalidOperationException($"proposal {Id} does not exist");

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<ProposalState>(store, ProposalState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<ProposalView>> ProposeAsync(string author, ProposalBody body)
    {
        _row.ThrowIfLost();
        body = body with { Token = tokens.Find(body.Token)?.Denom ?? body.Token };
        if (_row.Value is { } known)
        {
            return known.Author == author && known.Body == body
                ? await GetAsync()
                : Refusal.Of("request.id_reused", $"proposal {Id} says something else", ("proposal", Id));
        }

        var values = await parameters.NowAsync();
        if ((ProposalRules.WhyInvalid(body) ?? WhyUnfit(body, values.At)) is { } refusal)
        {
            return refusal;
        }

        var created = new ProposalState(
            ProposalStatus.Proposed, body, author, [], (int)values[NetworkParameterCatalog.PoolApprovals], values.At,
            values.At.AddSeconds(values[NetworkParameterCatalog.PoolLifetime]), null, 0, null, null);
        return await ApprovedAsync(created with { Approvals = [author] }, values, "pool.proposed", new Changes());
    }

    /// <inheritdoc/>
    public async Task<Result<ProposalView>> ApproveAsync(string operationId, string by)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "approve", by });
        if (await _row.RememberedAsync<ProposalView>(operationId, print) is { } seen)
        {
            return seen.IsOk ? await GetAsync() : seen;
        }

        var values = await parameters.NowAsync();
        var approvals = ProposalRules.Approve(ProposalRules.At(State.Status, State.ExpiresAt, values.At), State.Approvals, by);
        if (!approvals.IsOk)
        {
            return approvals.Refusal;
        }

        var next = State with { Approvals = approvals.Value, ApprovalsNeeded = (int)values[NetworkParameterCatalog.PoolApprovals] };
        return await ApprovedAsync(next, values, "pool.approval", new Changes().Remember<Result<ProposalView>>(operationId, print, next.View(Id, values.At)));
    }

    /// <inheritdoc/>
    public async Task<Result<ProposalView>> CancelAsync(string operationId, string by)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "cancel", By = by });
        if (await _row.RememberedAsync<ProposalView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (State.Status == ProposalStatus.Cancelled)
        {
            Result<ProposalView> already = State.View(Id, clock.Now);
            await MustCommitAsync(State, new Changes().Remember(operationId, print, already));
            return already;
        }

        if (ProposalRules.WhyNotCancel(ProposalRules.At(State.Status, State.ExpiresAt, clock.Now)) is { } refusal)
        {
            return refusal;
        }

        var next = State with { Status = ProposalStatus.Cancelled, NextActionAt = null, ExecuteAt = null };
        Result<ProposalView> answer = next.View(Id, clock.Now);
        await MustCommitAsync(next, new Changes().Event("network", "pool.cancelled", Id, new { Proposal = Id, by }).Remember(operationId, print, answer));
        return answer;
    }

    /// <inheritdoc/>
    public Task<Result<ProposalView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value is { } state ? state.View(Id, clock.Now) : (Result<ProposalView>)NotFound());
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        while (_row.Value is { Status: ProposalStatus.Approved or ProposalStatus.Executing, NextActionAt: { } at } && at <= clock.Now)
        {
            await StepAsync();
        }
    }

    /// <summary>One step: begin, one instalment, or the whole of what is not paid in parts.</summary>
    private async Task StepAsync()
    {
        if (State.Status == ProposalStatus.Approved)
        {
            // Committed before money moves: from here on it can no longer be cancelled.
            await MustCommitAsync(State with { Status = ProposalStatus.Executing }, Told("pool.executing"));
            return;
        }

        var (body, number) = (State.Body, State.Paid + 1);
        if (body.Kind == ProposalKind.Parameter)
        {
            var at = body.EffectiveAt is { } wanted && wanted > clock.Now ? wanted : (DateTimeOffset?)null;
            var set = await GrainFactory.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network)
                .SetAsync("proposal/" + Id, new SetParameter(body.Parameter, body.Value, at, State.Author, Id));
            // Asked again after the wanted instant has passed, the change reads otherwise: then it was made before.
            await EndAsync(set.Refusal is { Code: not "request.id_reused" } refused ? refused : null, 1);
            return;
        }

        var paid = await PayAsync(body, number);
        if (paid is null && number < body.Instalments)
        {
            await MustCommitAsync(State with { Paid = number, NextActionAt = State.ExecuteAt!.Value.AddSeconds(body.EverySeconds * number) }, Told("pool.instalment"));
            return;
        }

        await EndAsync(paid, number);
    }

    private async Task<Refusal?> PayAsync(ProposalBody body, int number)
    {
        var amount = ProposalRules.Instalment(body.Amount, body.Instalments, number);
        var to = body.Kind == ProposalKind.Burn ? LedgerAccounts.Issuance : LedgerAccounts.Wallet(body.To);
        var id = $"pool/{Id}/{number}";
        var memo = $"community pool: {body.Kind.ToString().ToLowerInvariant()}";
        return tokens.Sources(body.Token).Count > 0
            ? (await GrainFactory.GetGrain<ICreditAccountGrain>(CreditLedgers.AccountKey(body.Token, LedgerAccounts.CommunityPool)).SendAsync(id, to, amount, memo)).Refusal
            : (await GrainFactory.GetGrain<ILedgerGrain>(body.Token).ExecuteAsync(
                new Transfer(id, TransferKind.Post, [new Leg(LedgerAccounts.CommunityPool, -amount), new Leg(to, amount)], Memo: memo))).Refusal;
    }

    private Task EndAsync(Refusal? problem, int number) => MustCommitAsync(
        State with { Status = problem is null ? ProposalStatus.Executed : ProposalStatus.Failed, Paid = problem is null ? number : State.Paid, Problem = problem, NextActionAt = null },
        Told(problem is null ? "pool.executed" : "pool.failed"));

    /// <summary>Commits, and schedules execution when there are enough approvals.</summary>
    private async Task<Result<ProposalView>> ApprovedAsync(ProposalState next, ParameterValues values, string told, Changes changes)
    {
        if (next.Approvals.Length >= next.ApprovalsNeeded)
        {
            var at = values.At.AddSeconds(values[NetworkParameterCatalog.PoolDelay]);
            next = next with { Status = ProposalStatus.Approved, ExecuteAt = at, NextActionAt = at };
        }

        changes.Event("network", told, Id, new { Proposal = Id, next.Status, next.Body.Kind, Approvals = next.Approvals.Length, next.ApprovalsNeeded, next.ExecuteAt });
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : next.View(Id, clock.Now);
    }

    private Refusal? WhyUnfit(ProposalBody body, DateTimeOffset now)
    {
        if (body.Kind == ProposalKind.Parameter)
        {
            return NetworkParameterCatalog.WhyNot(body.Parameter, body.Value, body.EffectiveAt, now);
        }

        return !tokens.IsDenom(body.Token) ? Refusal.Of("pool.token_unknown", $"this network has no token {body.Token}", ("token", body.Token))
            : null;
    }

    private Changes Told(string type) => new Changes().Event("network", type, Id, new { Proposal = Id, State.Body.Kind, State.Body.Token, State.Body.Amount, State.Body.To });

    private async Task MustCommitAsync(ProposalState next, Changes changes)
    {
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private Refusal? Missing()
    {
        _row.ThrowIfLost();
        return _row.Exists ? null : NotFound();
    }

    private Refusal NotFound() => Refusal.Of("pool.proposal_not_found", $"there is no proposal {Id}", ("proposal", Id));
}
