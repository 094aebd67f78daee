using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// Owner of the issuance saga of one token: intent with its place in the day's cap → ledger transfer <c>issuance/{ordinal}</c> → row, event and remembered answer in one commit. The transfer is the point
/// of no return; refused before it → the intent goes and the cap is given back. One at a time: what was interrupted is finished first.
/// </summary>
[GrainType("depin.issuance")]
public sealed class IssuanceGrain(IRowStore store, TokenCatalog tokens, NetworkClock clock, IOptions<IssuanceOptions> options) : Grain, IIssuanceGrain
{
    private const int ReasonMin = 3;
    private const int ReasonMax = 200;
    private GrainRow<IssuanceState> _row = null!;

    private string Token => this.GetPrimaryKeyString();

    private IssuanceState State => _row.Value ?? new IssuanceState(0, default, 0, null);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<IssuanceState>(store, IssuanceState.Kind, Token, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<Issuance>> MintAsync(string operationId, MintMoney command)
    {
        _row.ThrowIfLost();
        await TickAsync();
        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<Issuance>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var today = DateOnly.FromDateTime(clock.Now.UtcDateTime);
        var before = State.Day == today ? State.OnDay : 0;
        if ((WhyInvalid(command) ?? WhyTooMuch(command.Amount, before)) is { } refusal)
        {
            return refusal;
        }

        var issuance = new Issuance(Token, State.Issued + 1, command.To, command.Amount, command.Reason, command.By, clock.Now);
        var intent = new IssuanceIntent(operationId, Convert.ToHexStringLower(print.Span), issuance);
        if (await _row.CommitAsync(new IssuanceState(issuance.Ordinal, today, before + command.Amount, intent)) is { } unstorable)
        {
            return unstorable;
        }

        return await FinishAsync(intent);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (State.Intent is { } intent)
        {
            await FinishAsync(intent);
        }
    }

    /// <summary>The transfer, sent again as often as it takes, and what follows from its answer. An exception leaves the intent for the next call.</summary>
    private async Task<Result<Issuance>> FinishAsync(IssuanceIntent intent)
    {
        var issuance = intent.Issuance;
        var moved = await GrainFactory.GetGrain<ILedgerGrain>(Token).ExecuteAsync(new Transfer(
            $"issuance/{issuance.Ordinal}",
            TransferKind.Post,
            [new Leg(LedgerAccounts.Issuance, -issuance.Amount), new Leg(LedgerAccounts.Wallet(issuance.To), issuance.Amount)],
            Memo: ColumnText.Of(issuance.Reason)));
        Result<Issuance> answer = moved.IsOk ? issuance : moved.Refusal;
        var changes = new Changes().Remember(intent.OperationId, Convert.FromHexString(intent.Fingerprint), answer);
        if (moved.IsOk)
        {
            changes.With(IssuedRow.Kind.Child(Token, IssuedRow.KeyOf(issuance.Ordinal), new IssuedRow(issuance))).Event("network", "ledger.issued", Token, issuance);
        }

        // A number that was refused is never used again: its transfer's refusal is remembered for ever.
        var next = State with { Intent = null, OnDay = moved.IsOk ? State.OnDay : State.OnDay - issuance.Amount };
        return await _row.CommitAsync(next, changes) is { } unstorable ? throw new InvalidOperationException(unstorable.ToString()) : answer;
    }

    private Refusal? WhyInvalid(MintMoney command) =>
        tokens.Find(Token) is not { MintedFrom.Count: 0 } known || known.Denom != Token
            ? Refusal.Of("issuance.not_allowed", $"{Token} is no token that operators issue: credit comes into being by being bought", ("token", Token))
        : !IdentityIds.IsIdentity(command.To) ? Refusal.Of("issuance.recipient_invalid", "the recipient is not an identity id")
        : command.Amount <= 0 ? Refusal.Of("issuance.amount_invalid", $"an amount is above 0, not {command.Amount}", ("amount", command.Amount))
        : command.Reason.Trim().Length < ReasonMin || command.Reason.Length > ReasonMax
            ? Refusal.Of("issuance.reason_invalid", $"a reason has {ReasonMin} to {ReasonMax} characters", ("min", ReasonMin), ("max", ReasonMax))
        : null;

    private Refusal? WhyTooMuch(long amount, long before) =>
        !options.Value.DayMax.TryGetValue(Token, out var most)
            ? Refusal.Of("issuance.not_allowed", $"no one may issue {Token} here: Issuance:DayMax:{Token} is not set", ("token", Token))
        : amount > most - before
            ? Refusal.Of("issuance.day_max", $"{before} of at most {most} {Token} were issued today; {amount} more are not allowed", ("issued", before), ("max", most), ("wanted", amount))
        : null;
}
