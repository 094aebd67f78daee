using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Escrow;

/// <summary>
/// Settles one escrow account. Money out: the account and the transfer that follows from it are committed together (outbox), then the ledger is asked.
/// Money in: the intent is committed (that of the first deposit by the owner of this account), the ledger asked, then the account credited. Both are finished by whoever comes next after a crash.
/// </summary>
[GrainType("depin.escrow")]
public sealed partial class EscrowGrain(IRowStore store, NetworkClock clock, NetworkParameters parameters, TokenCatalog tokens, ILogger<EscrowGrain> log)
    : Grain, IEscrowGrain
{
    private GrainRow<EscrowState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<EscrowState>(store, EscrowState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> OpenAsync(string operationId, string owner, string currency, long amount, DepositFrom from = DepositFrom.Balance)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        var intent = Intent(operationId, owner, currency, amount, from);
        if (await _row.RememberedAsync<EscrowView>(operationId, Print(intent)) is { } remembered)
        {
            return remembered;
        }

        return _row.Value is { NeverOpens: true } ? Refusal.Of("escrow.account_closed", $"escrow account {Id} was closed before it was opened", ("escrow", Id)) : await TakeAsync(intent);
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> DepositAsync(string operationId, string depositor, long amount, DepositFrom from = DepositFrom.Balance)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        if (_row.Value?.Account is not { } account)
        {
            return NotFound();
        }

        var intent = Intent(operationId, depositor, account.Currency, amount, from);
        if (await _row.RememberedAsync<EscrowView>(operationId, Print(intent)) is { } remembered)
        {
            return remembered;
        }

        return await TakeAsync(intent);
    }

    /// <inheritdoc/>
    public Task<Result<EscrowView>> OpenPaymentAsync(string paymentId, string payee, string rate)
    {
        if (!Rate.TryParse(rate, out var parsed))
        {
            return Task.FromResult<Result<EscrowView>>(Refusal.Of("escrow.rate_invalid", $"not a rate: {rate}", ("rate", rate)));
        }

        return ApplyAsync((account, _) =>
        {
            var index = account.IndexOf(paymentId);
            return index >= 0 && account.Payments[index] is { } known && known.Payee == payee && known.Rate == parsed
                ? EscrowOperations.Settle(account, clock.Height)
                : EscrowOperations.OpenPayment(account, clock.Height, account.Currency, paymentId, payee, parsed);
        });
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> ClosePaymentAsync(string paymentId)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        // One that is not known streams nothing: it was closed, and forgotten for newer ones. Only an activation that may still write knows that, and its write keeps out what an overtaken one has under way.
        if (_row.Value is { Account: { Status: not EscrowStatus.Closed } known } state && known.IndexOf(paymentId) < 0 && await _row.CommitAsync(state) is { } refusal)
        {
            return refusal;
        }

        return await ApplyAsync((account, fees) =>
            account.Status == EscrowStatus.Closed || account.IndexOf(paymentId) is var i && (i < 0 || account.Payments[i].Status == EscrowPaymentStatus.Closed)
                ? new EscrowStep(account, [], false, false)
                : EscrowOperations.ClosePayment(account, clock.Height, paymentId, fees));
    }

    /// <inheritdoc/>
    public Task<Result<EscrowView>> WithdrawAsync(string operationId, string paymentId) =>
        ApplyAsync((account, fees) => EscrowOperations.WithdrawPayment(account, clock.Height, paymentId, fees));

    /// <inheritdoc/>
    public Task<Result<EscrowView>> SettleAsync() => ApplyAsync((account, _) =>
        account.Status == EscrowStatus.Closed ? new EscrowStep(account, [], false, false) : EscrowOperations.Settle(account, clock.Height));

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> CloseAsync()
    {
        var closed = await ApplyAsync((account, fees) =>
            account.Status == EscrowStatus.Closed ? new EscrowStep(account, [], false, false) : EscrowOperations.CloseAccount(account, clock.Height, fees));
        if (_row.Value is null or { Account: null, Intent: null, NeverOpens: false })
        {
            // An opening sent before may still arrive: nobody would ever close it again.
            var state = (_row.Value ?? new EscrowState(null, "", null, [])) with { NeverOpens = true };
            if (await _row.CommitAsync(state) is { } refusal)
            {
                return refusal;
            }
        }

        return closed;
    }

    /// <inheritdoc/>
    public Task<Result<EscrowView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value?.Account is { } account ? View(account) : (Result<EscrowView>)NotFound());
    }

    private ILedgerGrain Ledger(string currency) => GrainFactory.GetGrain<ILedgerGrain>(currency);

    /// <inheritdoc/>
    public Task<Result<TopUpDue>> TopUpDueAsync(AutoTopUp rule, long budgetLeft)
    {
        _row.ThrowIfLost();
        if (_row.Value?.Account is not { } account)
        {
            return Task.FromResult<Result<TopUpDue>>(NotFound());
        }

        var settled = EscrowSettlement.Settle(account, clock.Height);
        var order = new AutoTopUpRule(rule.BelowBlocks, rule.ToBlocks, rule.AmountMin, budgetLeft);
        return Task.FromResult<Result<TopUpDue>>(new TopUpDue(order.AmountDue(settled, clock.Height), order.NextCheckHeight(settled)));
    }

    private Refusal NotFound() => Refusal.Of("escrow.not_found", $"no escrow account {Id}", ("escrow", Id));

    /// <summary>Runs a Domain operation, commits its outcome together with the transfer that follows, then makes the transfer.</summary>
    private async Task<Result<EscrowView>> ApplyAsync(Func<EscrowAccount, FeeRates, Result<EscrowStep>> operation)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        if (_row.Value is not { Account: { } account } state)
        {
            return NotFound();
        }

        var fees = (await parameters.NowAsync()).Fees(account.Currency, tokens.Sources(account.Currency));
        var step = operation(account, fees);
        if (!step.IsOk)
        {
            return step.Refusal;
        }

        if (step.Value.Account != account || step.Value.Movements.Length > 0)
        {
            var next = Owed(state with { Account = step.Value.Account }, step.Value.Movements);
            if (await _row.CommitAsync(next, Told(step.Value)) is { } refusal)
            {
                return refusal;
            }

            if (await FinishAsync() is { } late)
            {
                return late;
            }
        }

        return View(step.Value.Account);
    }

    private EscrowView View(EscrowAccount account)
    {
        var view = EscrowForecast.View(account, clock.Height);
        return view with { RunsOutAt = view.RunOutHeight is { } height ? clock.TimeOf(height) : null };
    }

    /// <summary>Finishes what a crash interrupted: the deposit under way, then transfers not known to be made.</summary>
    private async Task<Refusal?> FinishAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value is { Intent: { } intent } begun)
        {
            await CompleteDepositAsync(begun, intent);
        }

        if (_row.Value is not { Account: { } account, Outbox.Length: > 0 } state)
        {
            return null;
        }

        foreach (var source in state.SourceOutbox)
        {
            if (await PayAsync(source.Ledger, [source.Transfer]) is { } refused)
            {
                return refused;
            }
        }

        if (await PayAsync(account.Currency, state.Outbox) is { } unpaid)
        {
            return unpaid;
        }

        foreach (var restore in state.Restores)
        {
            (await Allowance(restore.GrantId).RestoreAsync(restore.Id, restore.Amount)).Require();
        }

        return await _row.CommitAsync(state with { Outbox = [], SourceOutbox = [], Restores = [] });
    }

    /// <summary>Makes transfers out of the account, in parts where more accounts are paid than one transfer has legs.</summary>
    private async Task<Refusal?> PayAsync(string ledger, ImmutableArray<Transfer> transfers)
    {
        var answers = await Ledger(ledger).ExecuteManyAsync([.. transfers.SelectMany(t => EscrowTransfers.Split(Id, t))]);
        foreach (var answer in answers)
        {
            if (!answer.IsOk)
            {
                // The escrow account holds at least what it pays (Domain invariant): a refusal here is a bug, and the money stays where it is.
                LogTransferRefused(log, Id, answer.Refusal.ToString());
                return answer.Refusal;
            }
        }

        return null;
    }

    private Changes Told(EscrowStep step)
    {
        var changes = new Changes();
        if (step.RanOut)
        {
            changes.Event($"deployment/{Id}", "escrow.ran_out", Id, new { step.Account.PausedAt });
        }

        if (step.Resumed)
        {
            changes.Event($"deployment/{Id}", "escrow.resumed", Id, new { step.Account.SettledAt });
        }

        return changes;
    }

    [LoggerMessage(4101, LogLevel.Error, "Escrow {Escrow}: the ledger refused a transfer that must succeed: {Refusal}")]
    private static partial void LogTransferRefused(ILogger logger, string escrow, string refusal);
}
