using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using Orleans.Concurrency;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// The ledger of one token. Reentrant, and this is the invariant across its awaits: a decision is one synchronous step on the book, in the order of arrival, together with its place in the
/// open batch; an await only waits for that batch (or looks an id up before anything is decided). Nobody reads the book after an await to finish what was begun before it.
/// </summary>
[Reentrant]
public sealed partial class LedgerGrain(LedgerServices services) : Grain, ILedgerGrain
{
    private string _token = "";
    private LedgerBook _book = null!;
    private LedgerWriter _writer = null!;
    private LedgerIndexer _indexer = null!;
    private Task<LedgerAudit>? _audit;
    private bool _known;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _token = this.GetPrimaryKeyString();
        _known = services.Tokens.IsDenom(_token);
        if (!_known)
        {
            return;
        }

        var writerId = services.WriterIds.Next();
        (_book, var indexed) = await LedgerRecovery.LoadAsync(services, _token, writerId, cancellationToken);
        _writer = new LedgerWriter(services, _token, _book, writerId, DeactivateOnIdle);
        _indexer = new LedgerIndexer(services, _token, _book, _writer, indexed);
        _writer.Committed = _indexer.Kick;
        this.RegisterGrainTimer(static (grain, _) => grain.OnTickAsync(), this, new GrainTimerCreationOptions(services.Options.Tick, services.Options.Tick) { Interleave = true });
        _indexer.Kick();
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_known)
        {
            LogDeactivating(services.Log, _token, reason.ReasonCode, _writer.Durable, _indexer.Position);
            await _indexer.StopAsync();
        }
    }

    /// <inheritdoc/>
    public Task<Result<TransferReceipt>> ExecuteAsync(Transfer transfer)
    {
        if (!_known)
        {
            return Task.FromResult<Result<TransferReceipt>>(UnknownToken());
        }

        _writer.ThrowIfClosed();
        var outcome = Decide(transfer, stored: null);
        return outcome.NeedsLookup ? LookUpAndExecuteAsync(transfer) : AnswerAsync(transfer, outcome);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<Result<TransferReceipt>>> ExecuteManyAsync(ImmutableArray<Transfer> transfers)
    {
        if (transfers.IsDefaultOrEmpty)
        {
            return [];
        }

        if (!_known || transfers.Length > services.Options.BatchMax)
        {
            Result<TransferReceipt> refused = _known
                ? Refusal.Of("ledger.batch_too_large", $"{transfers.Length} transfers in one call, at most {services.Options.BatchMax} are taken", ("transfers", transfers.Length), ("most", services.Options.BatchMax))
                : UnknownToken();
            return [.. Enumerable.Repeat(refused, Math.Min(transfers.Length, services.Options.BatchMax))];
        }

        var outcomes = await DecideAllAsync(transfers);
        await _writer.WhenDurable(outcomes.Max(static outcome => outcome.Sequence));
        var answers = ImmutableArray.CreateBuilder<Result<TransferReceipt>>(transfers.Length);
        for (var i = 0; i < outcomes.Length; i++)
        {
            answers.Add(Answer(transfers[i], outcomes[i]));
        }

        return answers.MoveToImmutable();
    }

    /// <inheritdoc/>
    public async Task<AccountBalance> GetBalanceAsync(string account)
    {
        if (!_known)
        {
            return new AccountBalance(account, 0, 0, 0);
        }

        _writer.ThrowIfClosed();
        _book.ExpireDue(services.Clock.GetUtcNow());
        var balance = _book.Balance(account);
        await _writer.WhenDurable(_book.PendingSequence);
        return balance;
    }

    /// <inheritdoc/>
    public async Task<HoldView?> GetHoldAsync(string holdId)
    {
        if (!_known)
        {
            return null;
        }

        _writer.ThrowIfClosed();
        _book.ExpireDue(services.Clock.GetUtcNow());
        var hold = holdId is null ? null : _book.FindHold(holdId);
        await _writer.WhenDurable(_book.PendingSequence);
        return hold;
    }

    /// <inheritdoc/>
    public async Task<Result<Statement>> GetStatementAsync(string account, string? cursor, int limit)
    {
        if (!_known)
        {
            return UnknownToken();
        }

        if (!LedgerBook.IsAccountName(account))
        {
            return LedgerErrors.BadAccount(0);
        }

        if (limit < 1 || limit > services.Options.StatementMax)
        {
            return Refusal.Of("ledger.bad_limit", $"a page has 1 to {services.Options.StatementMax} lines, not {limit}", ("limit", limit), ("most", services.Options.StatementMax));
        }

        long? before = null;
        if (cursor is not null)
        {
            if (!long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            {
                return Refusal.Of("ledger.bad_cursor", "the cursor is not one that a statement gave", ("length", cursor.Length));
            }

            before = sequence;
        }

        _writer.ThrowIfClosed();
        return await StatementAsync(account, before, limit);
    }

    /// <inheritdoc/>
    public async Task<LedgerAudit> AuditAsync()
    {
        if (!_known)
        {
            return new LedgerAudit(_token, 0, 0, 0, 0, 0, 0, [UnknownToken().Detail]);
        }

        _writer.ThrowIfClosed();
        if (_audit is null or { IsCompleted: true })
        {
            _audit = new LedgerAuditor(services, _token, _book, _writer, _indexer).RunAsync();
        }

        return await _audit;
    }

    private async Task<Result<Statement>> StatementAsync(string account, long? before, int limit)
    {
        _book.ExpireDue(services.Clock.GetUtcNow());
        var (balance, pending, indexed) = (_book.Balance(account), _book.PendingSequence, _indexer.Position);
        // One more than asked tells whether there is a next page. Lines that are not in memory are surely stored.
        var lines = _book.TailLines(account, before, limit + 1);
        var oldest = lines.Count > 0 ? lines[^1].EntrySequence : Math.Min(before ?? long.MaxValue, _book.EntryCount(account) + 1);
        if (lines.Count <= limit && oldest > 1)
        {
            foreach (var row in await services.Journal.EntriesAsync(_token, account, oldest, limit + 1 - lines.Count))
            {
                lines.Add(new StatementLine(row.EntrySequence, row.TransferId, (TransferKind)row.Kind, row.Delta, row.BalanceAfter, row.At, row.Memo));
            }
        }

        await _writer.WhenDurable(pending);
        var more = lines.Count > limit;
        return new Statement(
            balance,
            indexed,
            [.. more ? lines.Take(limit) : lines],
            more ? lines[limit - 1].EntrySequence.ToString(CultureInfo.InvariantCulture) : null);
    }

    private LedgerOutcome Decide(Transfer transfer, StoredId? stored)
    {
        try
        {
            return _book.Execute(transfer, services.Clock.GetUtcNow(), stored);
        }
        catch (Exception e)
        {
            // A bug half way through a decision: the book in memory is worth nothing any more.
            _writer.Lose("bug", e);
            throw;
        }
    }

    private async Task<Result<TransferReceipt>> LookUpAndExecuteAsync(Transfer transfer) => (await ExecuteManyAsync([transfer]))[0];

    private async Task<LedgerOutcome[]> DecideAllAsync(ImmutableArray<Transfer> transfers)
    {
        _writer.ThrowIfClosed();
        var unsure = new List<string>();
        foreach (var transfer in transfers)
        {
            if (_book.MayBeStored(transfer?.Id))
            {
                unsure.Add(transfer!.Id);
            }
        }

        if (unsure.Count == 0)
        {
            return DecideAll(transfers, null);
        }

        var pin = _indexer.Pin();
        try
        {
            services.Metrics.LookedUp(_token, unsure.Count);
            var stored = new Dictionary<string, StoredId>(StringComparer.Ordinal);
            foreach (var id in unsure)
            {
                stored[id] = default;
            }

            foreach (var found in await services.Journal.FindTransfersAsync(_token, [.. stored.Keys]))
            {
                stored[found.TransferId] = new StoredId(true, found.Fingerprint, found.Answer);
            }

            _writer.ThrowIfClosed();
            return DecideAll(transfers, stored);
        }
        finally
        {
            _indexer.Unpin(pin);
        }
    }

    private LedgerOutcome[] DecideAll(ImmutableArray<Transfer> transfers, Dictionary<string, StoredId>? stored)
    {
        var outcomes = new LedgerOutcome[transfers.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var known = stored is not null && transfers[i]?.Id is { } id && stored.TryGetValue(id, out var answer) ? answer : (StoredId?)null;
            outcomes[i] = Decide(transfers[i], known);
        }

        return outcomes;
    }

    private async Task<Result<TransferReceipt>> AnswerAsync(Transfer transfer, LedgerOutcome outcome)
    {
        await _writer.WhenDurable(outcome.Sequence);
        return Answer(transfer, outcome);
    }

    private static Result<TransferReceipt> Answer(Transfer transfer, LedgerOutcome outcome) => outcome.Refusal is { } refusal
        ? refusal
        : new TransferReceipt(transfer.Id, outcome.Sequence, new DateTimeOffset(outcome.Ticks, TimeSpan.Zero), outcome.HeldLeft);

    private Refusal UnknownToken() => Refusal.Of("ledger.unknown_token", $"there is no ledger of {_token}", ("token", _token));

    private async Task OnTickAsync()
    {
        _indexer.Tick();
        if (_book.ExpireDue(services.Clock.GetUtcNow()))
        {
            await _writer.WhenDurable(_book.PendingSequence);
        }
    }
}
