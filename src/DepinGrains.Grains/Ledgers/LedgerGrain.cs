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
    private const int AuditPause = 3;
    private string _token = "";
    private LedgerBook _book = null!;
    private LedgerWriter _writer = null!;
    private LedgerIndexer _indexer = null!;
    private ReadFence _fence = null!;
    private Task<LedgerAudit>? _audit;
    private (LedgerAudit Audit, TimeSpan Took, long EndedAt)? _audited;
    private bool _known;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _token = this.GetPrimaryKeyString();
        _known = services.Tokens.IsLedger(_token);
        if (!_known)
        {
            return;
        }

        var writerId = services.WriterIds.Next();
        (_book, var indexed) = await LedgerRecovery.LoadAsync(services, _token, writerId, cancellationToken);
        _writer = new LedgerWriter(services, _token, _book, writerId, DeactivateOnIdle);
        _indexer = new LedgerIndexer(services, _token, _book, _writer, indexed);
        _writer.Indexer = _indexer;
        _fence = new ReadFence(services, _token, _book, _writer);
        this.RegisterGrainTimer(static (grain, _) => grain.OnTickAsync(), this, new GrainTimerCreationOptions(services.Options.Tick, services.Options.Tick) { Interleave = true });
        services.Metrics.Here(_token);
        _indexer.Tick();
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_known)
        {
            LogDeactivating(services.Log, _token, reason.ReasonCode, _writer.Durable, _indexer.Position);
            await _indexer.StopAsync();
            _writer.Close();
            services.Metrics.Gone(_token);
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
        await _fence.PassAsync(_book.PendingSequence);
        return balance;
    }

    /// <inheritdoc/>
    public async Task<Result<LedgerBalances>> GetBalancesAsync(ImmutableArray<string> accounts)
    {
        if (!_known)
        {
            return UnknownToken();
        }

        if (accounts.IsDefault || accounts.Length > services.Options.BalancesMax)
        {
            var asked = accounts.IsDefault ? 0 : accounts.Length;
            return Refusal.Of("ledger.too_many_accounts", $"{asked} accounts in one call, at most {services.Options.BalancesMax} are taken", ("accounts", asked), ("most", services.Options.BalancesMax));
        }

        _writer.ThrowIfClosed();
        var posted = ImmutableArray.CreateBuilder<long>(accounts.Length);
        foreach (var account in accounts)
        {
            posted.Add(_book.Posted(account));
        }

        var balances = new LedgerBalances(_book.PendingSequence, posted.MoveToImmutable());
        await _fence.PassAsync(balances.Sequence);
        return balances;
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
        await _fence.PassAsync(_book.PendingSequence);
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
            if (_audited is { Audit: { IsClean: true } known } last && known.Sequence == _book.PendingSequence && services.Timers.GetElapsedTime(last.EndedAt) < services.Options.AuditKeep)
            {
                await _fence.PassAsync(known.Sequence);
                return known;
            }

            _audit = AuditNowAsync();
        }

        return await _audit;
    }

    /// <summary>
    /// An audit reads the whole journal on this ledger's turn while its index stands still. However often one is asked for, there is one at a time, and between two there is a pause of three times
    /// what the last took, so that the rows catch up and transfers have three quarters of the time.
    /// </summary>
    private async Task<LedgerAudit> AuditNowAsync()
    {
        if (_audited is { } last && (last.Took * AuditPause) - services.Timers.GetElapsedTime(last.EndedAt) is { Ticks: > 0 } pause)
        {
            await Task.Delay(pause, services.Timers);
            _writer.ThrowIfClosed();
        }

        var begun = services.Timers.GetTimestamp();
        var audit = await new LedgerAuditor(services, _token, _book, _writer, _indexer).RunAsync();
        _audited = (audit, services.Timers.GetElapsedTime(begun), services.Timers.GetTimestamp());
        return audit;
    }

    private Refusal UnknownToken() => Refusal.Of("ledger.unknown_token", $"there is no ledger of {_token}", ("token", _token));

    private async Task OnTickAsync()
    {
        if (_writer.IsLost)
        {
            return;
        }

        _indexer.Tick();
        if (_book.ExpireDue(services.Clock.GetUtcNow()))
        {
            await _writer.WhenDurable(_book.PendingSequence);
        }
    }
}
