using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Credits;

/// <summary>A movement under way: written before the first ledger is asked. <paramref name="Parts"/>: what of it has a source.</summary>
public sealed record SendIntent(string TransferId, string To, long Amount, string Memo, string? Source, ImmutableArray<SourcedAmount> Parts)
{
    /// <summary>The hold's id is the caller's own; false in rows of older versions, whose capture has it.</summary>
    public bool HoldsFirst { get; init; }
}

/// <summary>The row of one credit account.</summary>
public sealed record CreditAccountState(SendIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<CreditAccountState> Kind = new(
        new TableDefinition("credit_account", [new("unfinished", ColumnType.Boolean)], [new("unfinished", ["unfinished"])]),
        static s => [s.Intent is not null]);
}

/// <summary>
/// Moves credit with its source: hold credit → move source → capture credit, all under ids derived from the caller's. The hold is the point of no return: after it nothing can be refused, since
/// nobody else takes source out of this account. Credit without any source moves in one transfer and writes no row: the caller's id names that transfer, or the hold of a movement with sources, never
/// both, so it is the ledger that knows which of the two was begun under an id.
/// </summary>
[GrainType("depin.credit_account")]
public sealed class CreditAccountGrain(IRowStore store, TokenCatalog tokens) : Grain, ICreditAccountGrain
{
    /// <summary>The ledger's answer to an id that names another operation.</summary>
    private const string IdReused = "ledger.id_reused";

    private readonly Dictionary<string, ILedgerGrain> _ledgers = new(StringComparer.Ordinal);
    private GrainRow<CreditAccountState> _row = null!;
    private string _credit = "";
    private string _account = "";

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        (_credit, _account) = (key[..slash], key[(slash + 1)..]);
        _row = new GrainRow<CreditAccountState>(store, CreditAccountState.Kind, key, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<CreditMoved>> SendAsync(string transferId, string toAccount, long amount, string memo, string? source = null)
    {
        await FinishAsync();
        if (amount <= 0)
        {
            return Refusal.Of("act.amount_invalid", $"an amount is a positive number of minor units, not {amount}", ("amount", amount));
        }

        if (toAccount == _account)
        {
            return Refusal.Of("ledger.same_account", "the sender is the recipient", ("account", toAccount));
        }

        var held = await HeldAsync();
        var print = Print(transferId, toAccount, amount, memo, source);
        if (source is null && held.All(static h => h.Amount == 0))
        {
            return await SendPlainAsync(new SendIntent(transferId, toAccount, amount, memo, null, []), print);
        }

        if (await _row.RememberedAsync<CreditMoved>(transferId, print) is { } remembered)
        {
            return remembered;
        }

        var parts = source is null
            ? SourcedAmounts.Leaving(amount, (await Ledger(_credit).GetBalanceAsync(_account)).Posted, held)
            : [new SourcedAmount(source, amount)];
        if (source is not null && held.FirstOrDefault(h => h.Source == source).Amount is var from && from < amount)
        {
            return Refusal.Of(
                "act.not_backed",
                $"{amount} {_credit} were asked back as {source}; {from} of what {_account} holds was minted from it",
                ("amount", amount),
                ("backed", from),
                ("source", source));
        }

        var intent = new SendIntent(transferId, toAccount, amount, memo, source, parts) { HoldsFirst = true };
        if (parts.IsEmpty)
        {
            return await SendPlainAsync(intent, print);
        }

        return await _row.CommitAsync(new CreditAccountState(intent)) is { } refusal ? refusal : await CompleteAsync(intent);
    }

    /// <inheritdoc/>
    public Task TickAsync() => FinishAsync();

    private async Task FinishAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value?.Intent is { } intent)
        {
            await CompleteAsync(intent);
        }
    }

    /// <summary>Credit without any source. An id that names something else in the ledger was sent before with its source, and remembered, or is used for another request.</summary>
    private async Task<Result<CreditMoved>> SendPlainAsync(SendIntent intent, ReadOnlyMemory<byte> print)
    {
        var posted = await Ledger(_credit).ExecuteAsync(Plain(intent));
        if (posted.IsOk)
        {
            return new CreditMoved(intent.TransferId, [new SourcedCredit(null, intent.Amount)], posted.Value);
        }

        return posted.Refusal.Code == IdReused ? await _row.RememberedAsync<CreditMoved>(intent.TransferId, print) ?? UsedBefore(intent) : posted.Refusal;
    }

    private async Task<Result<CreditMoved>> CompleteAsync(SendIntent intent)
    {
        var answer = await MoveAsync(intent);
        var changes = new Changes();
        if (answer.Refusal?.Code != "request.id_reused")
        {
            // Else another request's id would be taken from it.
            changes.Remember(intent.TransferId, Print(intent.TransferId, intent.To, intent.Amount, intent.Memo, intent.Source), answer);
        }

        return await _row.CommitAsync(new CreditAccountState((SendIntent?)null), changes) is { } refusal ? refusal : answer;
    }

    private async Task<Result<CreditMoved>> MoveAsync(SendIntent intent)
    {
        if (intent.Parts.IsEmpty)
        {
            return Moved(intent, await Ledger(_credit).ExecuteAsync(Plain(intent)));
        }

        var (hold, capture) = intent.HoldsFirst ? (intent.TransferId, intent.TransferId + "/take") : (intent.TransferId + "/hold", intent.TransferId);
        var held = await Ledger(_credit).ExecuteAsync(new Transfer(hold, TransferKind.Hold, [new Leg(_account, -intent.Amount)], Memo: intent.Memo));
        if (!held.IsOk)
        {
            return held.Refusal.Code == IdReused ? await AsBeforeAsync(intent) : held.Refusal;
        }

        foreach (var part in intent.Parts)
        {
            (await Ledger(CreditLedgers.Of(_credit, part.Source!)).ExecuteAsync(new Transfer(
                intent.TransferId, TransferKind.Post, [new Leg(_account, -part.Amount), new Leg(intent.To, part.Amount)], Memo: intent.Memo))).Require();
        }

        return Moved(intent, (await Ledger(_credit).ExecuteAsync(
            new Transfer(capture, TransferKind.Capture, [new Leg(intent.To, intent.Amount)], hold, CloseHold: true, Memo: intent.Memo))).Require());
    }

    /// <summary>The id names a transfer: that of this request, when the account had no source yet, or another request's.</summary>
    private async Task<Result<CreditMoved>> AsBeforeAsync(SendIntent intent)
    {
        var plain = intent with { Parts = [] };
        var posted = intent.Source is null ? await Ledger(_credit).ExecuteAsync(Plain(plain)) : UsedBefore(intent);
        return posted is { IsOk: false, Refusal.Code: IdReused } ? UsedBefore(intent) : Moved(plain, posted);
    }

    private static Result<CreditMoved> Moved(SendIntent intent, Result<TransferReceipt> receipt) =>
        receipt.IsOk ? new CreditMoved(intent.TransferId, Parts(intent), receipt.Value with { Id = intent.TransferId }) : receipt.Refusal;

    private Transfer Plain(SendIntent intent) =>
        new(intent.TransferId, TransferKind.Post, [new Leg(_account, -intent.Amount), new Leg(intent.To, intent.Amount)], Memo: intent.Memo);

    private static Refusal UsedBefore(SendIntent intent) =>
        Refusal.Of("request.id_reused", $"the idempotency key {intent.TransferId} was used for another request", ("idempotencyKey", intent.TransferId));

    private static ImmutableArray<SourcedCredit> Parts(SendIntent intent)
    {
        var unsourced = intent.Amount - intent.Parts.Sum(static p => p.Amount);
        var parts = intent.Parts.Select(static p => new SourcedCredit(p.Source, p.Amount));
        return unsourced > 0 ? [new SourcedCredit(null, unsourced), .. parts] : [.. parts];
    }

    private async Task<ImmutableArray<SourcedAmount>> HeldAsync()
    {
        var sources = tokens.Sources(_credit);
        var balances = await Task.WhenAll(sources.Select(s => Ledger(CreditLedgers.Of(_credit, s)).GetBalanceAsync(_account)));
        return [.. sources.Select((s, i) => new SourcedAmount(s, balances[i].Posted))];
    }

    private static ReadOnlyMemory<byte> Print(string transferId, string to, long amount, string memo, string? source) => Changes.Fingerprint(new { transferId, to, amount, memo, source });

    private ILedgerGrain Ledger(string token)
    {
        // Kept: making a reference costs as much as a short call.
        if (!_ledgers.TryGetValue(token, out var ledger))
        {
            _ledgers[token] = ledger = GrainFactory.GetGrain<ILedgerGrain>(token);
        }

        return ledger;
    }
}
