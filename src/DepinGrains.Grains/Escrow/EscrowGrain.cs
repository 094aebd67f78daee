using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Escrow;

/// <summary>
/// Settles one escrow account. Money out: the account and the transfer that follows from it are committed together (outbox), then the ledger is asked.
/// Money in: the intent is committed, the ledger asked, then the account credited. Both are finished by whoever comes next after a crash.
/// </summary>
[GrainType("depin.escrow")]
public sealed partial class EscrowGrain(IRowStore store, NetworkClock clock, NetworkParameters parameters, ILogger<EscrowGrain> log)
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
    public async Task<Result<EscrowView>> OpenAsync(string operationId, string owner, string currency, long amount)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        var intent = new DepositIntent(operationId, owner, currency, amount, DepositTransferId(operationId));
        return await _row.RememberedAsync<EscrowView>(operationId, Changes.Fingerprint(intent)) is { } remembered ? remembered : await TakeAsync(intent);
    }

    /// <inheritdoc/>
    public async Task<Result<EscrowView>> DepositAsync(string operationId, string depositor, long amount)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        if (_row.Value?.Account is not { } account)
        {
            return NotFound();
        }

        var intent = new DepositIntent(operationId, depositor, account.Currency, amount, DepositTransferId(operationId));
        if (await _row.RememberedAsync<EscrowView>(operationId, Changes.Fingerprint(intent)) is { } remembered)
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

        return ApplyAsync(account =>
        {
            var index = account.IndexOf(paymentId);
            return index >= 0 && account.Payments[index] is { } known && known.Payee == payee && known.Rate == parsed
                ? EscrowOperations.Settle(account, clock.Height)
                : EscrowOperations.OpenPayment(account, clock.Height, account.Currency, paymentId, payee, parsed);
        });
    }

    /// <inheritdoc/>
    public Task<Result<EscrowView>> ClosePaymentAsync(string paymentId) => ApplyAsync(account =>
        account.Status == EscrowStatus.Closed || (account.IndexOf(paymentId) is >= 0 and var i && account.Payments[i].Status == EscrowPaymentStatus.Closed)
            ? new EscrowStep(account, [], false, false)
            : EscrowOperations.ClosePayment(account, clock.Height, paymentId, Fee(account)));

    /// <inheritdoc/>
    public Task<Result<EscrowView>> WithdrawAsync(string operationId, string paymentId) =>
        ApplyAsync(account => EscrowOperations.WithdrawPayment(account, clock.Height, paymentId, Fee(account)));

    /// <inheritdoc/>
    public Task<Result<EscrowView>> SettleAsync() => ApplyAsync(account =>
        account.Status == EscrowStatus.Closed ? new EscrowStep(account, [], false, false) : EscrowOperations.Settle(account, clock.Height));

    /// <inheritdoc/>
    public Task<Result<EscrowView>> CloseAsync() => ApplyAsync(account =>
        account.Status == EscrowStatus.Closed ? new EscrowStep(account, [], false, false) : EscrowOperations.CloseAccount(account, clock.Height, Fee(account)));

    /// <inheritdoc/>
    public Task<Result<EscrowView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value?.Account is { } account ? EscrowForecast.View(account, clock.Height) : (Result<EscrowView>)NotFound());
    }

    private int Fee(EscrowAccount account) => parameters.TakeFeeBasisPoints(account.Currency, clock.Now);

    private ILedgerGrain Ledger(string currency) => GrainFactory.GetGrain<ILedgerGrain>(currency);

    private string DepositTransferId(string operationId) =>
        $"escrow/{Id}/in/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(operationId)).AsSpan(0, 12))}";

    private Refusal NotFound() => Refusal.Of("escrow.not_found", $"no escrow account {Id}", ("escrow", Id));

    /// <summary>Runs a Domain operation, commits its outcome together with the transfer that follows, then makes the transfer.</summary>
    private async Task<Result<EscrowView>> ApplyAsync(Func<EscrowAccount, Result<EscrowStep>> operation)
    {
        if (await FinishAsync() is { } unfinished)
        {
            return unfinished;
        }

        if (_row.Value is not { Account: { } account } state)
        {
            return NotFound();
        }

        var step = operation(account);
        if (!step.IsOk)
        {
            return step.Refusal;
        }

        if (step.Value.Account != account || step.Value.Movements.Length > 0)
        {
            var transfer = EscrowTransfers.ToTransfer(Id, step.Value.Movements);
            var next = state with { Account = step.Value.Account, Outbox = transfer is null ? [] : [transfer] };
            if (await _row.CommitAsync(next, Told(step.Value)) is { } refusal)
            {
                return refusal;
            }

            if (await FinishAsync() is { } late)
            {
                return late;
            }
        }

        return EscrowForecast.View(step.Value.Account, clock.Height);
    }

    private async Task<Result<EscrowView>> TakeAsync(DepositIntent intent)
    {
        var state = _row.Value ?? new EscrowState(null, intent.Depositor, null, []);
        var trial = Credit(state, intent);
        if (!trial.IsOk)
        {
            return trial.Refusal;
        }

        if (await _row.CommitAsync(state with { Intent = intent }) is { } refusal)
        {
            return refusal;
        }

        return await CompleteDepositAsync(intent);
    }

    private Result<EscrowStep> Credit(EscrowState state, DepositIntent intent)
    {
        var draw = new DepositDraw(intent.Depositor, null, intent.Amount);
        return state.Account is { } account
            ? EscrowOperations.Deposit(account, clock.Height, intent.Currency, draw)
            : EscrowOperations.Open(Id, intent.Currency, state.Owner, clock.Height, draw);
    }

    private async Task<Result<EscrowView>> CompleteDepositAsync(DepositIntent intent)
    {
        var taken = await Ledger(intent.Currency).ExecuteAsync(new Transfer(
            intent.TransferId,
            TransferKind.Post,
            [new Leg(LedgerAccounts.Wallet(intent.Depositor), -intent.Amount), new Leg(LedgerAccounts.Escrow(Id), intent.Amount)],
            Memo: "escrow deposit"));
        var state = _row.Value!;
        Result<EscrowView> answer;
        var next = state with { Intent = null };
        var changes = new Changes();
        if (taken.IsOk)
        {
            var step = Credit(state, intent).Require();
            next = next with { Account = step.Account };
            answer = EscrowForecast.View(step.Account, clock.Height);
            changes = Told(step);
        }
        else
        {
            answer = taken.Refusal;
        }

        // Remembered also for the first deposit: whoever opens again must not credit the same transfer twice.
        changes.Remember(intent.OperationId, Changes.Fingerprint(intent), answer);
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : answer;
    }

    /// <summary>Finishes what a crash interrupted: the deposit under way, then transfers not known to be made.</summary>
    private async Task<Refusal?> FinishAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value is { Intent: { } intent })
        {
            await CompleteDepositAsync(intent);
        }

        if (_row.Value is not { Account: { } account, Outbox.Length: > 0 } state)
        {
            return null;
        }

        var answers = await Ledger(account.Currency).ExecuteManyAsync(state.Outbox);
        foreach (var answer in answers)
        {
            if (!answer.IsOk)
            {
                // The escrow account holds at least what it pays (Domain invariant): a refusal here is a bug, and the money stays where it is.
                LogTransferRefused(log, Id, answer.Refusal.ToString());
                return answer.Refusal;
            }
        }

        return await _row.CommitAsync(state with { Outbox = [] });
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
