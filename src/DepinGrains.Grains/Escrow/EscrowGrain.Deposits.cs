using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Escrow;

/// <summary>
/// Money in, from one wallet or several: allowances are drawn, then each part is moved into the escrow account, then the account is credited. Refused half way, what was moved goes back and what was
/// drawn is restored. Every step has an id of its own and the same answer for ever, so whoever finishes the intent walks the same way.
/// </summary>
public sealed partial class EscrowGrain
{
    private const int GrantsPage = 100;
    private const int GrantPagesMax = 10;

    private DepositIntent Intent(string operationId, string depositor, string currency, long amount, DepositFrom from) =>
        new(operationId, depositor, currency, amount, DepositTransferId(operationId)) { From = from == DepositFrom.Balance ? null : from };

    /// <summary>Of the request alone: what it was planned to draw may differ when it is planned again.</summary>
    private static ReadOnlyMemory<byte> Print(DepositIntent intent) =>
        Changes.Fingerprint(new { intent.OperationId, intent.Depositor, intent.Currency, intent.Amount, intent.TransferId, intent.From });

    private string DepositTransferId(string operationId) =>
        $"escrow/{Id}/in/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(operationId)).AsSpan(0, 12))}";

    private IAllowanceGrain Allowance(string id) => GrainFactory.GetGrain<IAllowanceGrain>(id);

    private async Task<Result<EscrowView>> TakeAsync(DepositIntent intent)
    {
        var state = _row.Value ?? new EscrowState(null, intent.Depositor, null, []);
        if (await TooSmallAsync(state, intent) is { } tooSmall)
        {
            return tooSmall;
        }

        var planned = await PlanAsync(intent);
        if (!planned.IsOk)
        {
            return planned.Refusal;
        }

        var trial = Credit(state, intent, [.. planned.Value.Select(static d => new DepositDraw(d.Depositor, d.GrantId, d.Amount))]);
        if (!trial.IsOk)
        {
            return trial.Refusal;
        }

        // Each part may turn out to come from every source, and then is several entries: a deposit that was taken must fit.
        string?[] sources = [null, .. tokens.Sources(intent.Currency)];
        ImmutableArray<DepositDraw> possible = [.. planned.Value.SelectMany(d => sources.Select(s => new DepositDraw(d.Depositor, d.GrantId, d.Amount, s)))];
        if (EscrowOperations.WhyNoRoom(state.Account, clock.Height, intent.Depositor == state.Owner, possible) is { } noRoom)
        {
            return noRoom;
        }

        var full = intent with { Draws = planned.Value };
        if (_row.Value is null && intent.From is null)
        {
            // The first deposit out of one wallet needs no intent here: its owner's row says that the account is being opened, all that is done follows from the request, and what opens it is the first
            // write of this row.
            return await CompleteDepositAsync(state, full);
        }

        return await _row.CommitAsync(state with { Intent = full }) is { } refusal ? refusal : await CompleteDepositAsync(_row.Value!, full);
    }

    private async Task<Result<ImmutableArray<PlannedDraw>>> PlanAsync(DepositIntent intent)
    {
        if (intent.From is not { } from)
        {
            return ImmutableArray.Create(new PlannedDraw(intent.Depositor, null, intent.Amount, intent.TransferId));
        }

        var grants = await FundedAsync(intent);
        var own = (await Ledger(intent.Currency).GetBalanceAsync(LedgerAccounts.Wallet(intent.Depositor))).Available;
        var plan = DepositSources.Plan(intent.Depositor, intent.Currency, intent.Amount, DepositOrders.Of(from), own, grants, AllowanceScopes.Deployment, clock.Now);
        return plan.IsOk
            ? plan.Value.Select((d, i) => new PlannedDraw(d.Depositor, d.GrantId, d.Amount, i == 0 ? intent.TransferId : string.Create(CultureInfo.InvariantCulture, $"{intent.TransferId}/{i}"))).ToImmutableArray()
            : plan.Refusal;
    }

    /// <summary>
    /// The allowances to draw on, oldest first. Anybody may give one to anybody: those past or without money behind them are passed over, and of the others the ones worth most are taken, so that
    /// strangers hide no real one by giving many. What it cannot get past (<see cref="GrantPagesMax"/> pages) the grantee takes away by declining.
    /// </summary>
    private async Task<ImmutableArray<FundedAllowance>> FundedAsync(DepositIntent intent)
    {
        ImmutableArray<Filter> filters = [new("grantee", Comparison.Equal, intent.Depositor), new("token", Comparison.Equal, intent.Currency), new("usable", Comparison.Equal, true)];
        var choice = new AllowanceChoice(intent.Currency, AllowanceScopes.Deployment, clock.Now);
        string? cursor = null;
        for (var pages = 0; pages < GrantPagesMax; pages++)
        {
            var page = await store.ListAsync(new ListQuery(AllowanceState.Kind.Table.Kind, filters, "created_ms", false, GrantsPage, cursor));
            foreach (var row in page.Rows)
            {
                var state = RowKind<AllowanceState>.Read(row);
                var rule = state.Rule(row.Id.Key);
                if (choice.Wants(rule))
                {
                    choice.Add(rule, (await Ledger(intent.Currency).GetBalanceAsync(LedgerAccounts.Wallet(state.Granter))).Available);
                }
            }

            cursor = page.NextCursor;
            if (cursor is null || choice.Worth >= intent.Amount)
            {
                break;
            }
        }

        return choice.Best();
    }

    /// <summary>A stranger's deposit costs something: it becomes an entry that is carried along until it is spent.</summary>
    private async Task<Refusal?> TooSmallAsync(EscrowState state, DepositIntent intent)
    {
        if (intent.Depositor == state.Owner)
        {
            return null;
        }

        var least = (await parameters.NowAsync()).Of(NetworkParameterCatalog.OthersMinDeposit, intent.Currency);
        return intent.Amount >= least || intent.Amount <= 0
            ? null
            : Refusal.Of("escrow.deposit_too_small", $"somebody else pays in at least {least} {intent.Currency}, not {intent.Amount}", ("deposit", intent.Amount), ("minimum", least), ("denom", intent.Currency));
    }

    private Result<EscrowStep> Credit(EscrowState state, DepositIntent intent, ImmutableArray<DepositDraw> draws) => state.Account is { } account
        ? EscrowOperations.Deposit(account, clock.Height, intent.Currency, draws)
        : EscrowOperations.Open(Id, intent.Currency, state.Owner, clock.Height, draws);

    private async Task<Result<EscrowView>> CompleteDepositAsync(EscrowState state, DepositIntent intent)
    {
        var draws = intent.Draws.IsEmpty ? [new PlannedDraw(intent.Depositor, null, intent.Amount, intent.TransferId)] : intent.Draws;
        var taken = await CollectAsync(intent, draws);
        Result<EscrowView> answer;
        var next = state with { Intent = null };
        var changes = new Changes();
        if (taken.IsOk)
        {
            var step = Credit(state, intent, taken.Value).Require();
            next = next with { Account = step.Account };
            answer = View(step.Account);
            changes = Told(step);
        }
        else
        {
            answer = taken.Refusal;
        }

        // Remembered also for the first deposit: whoever opens again must not credit the same transfer twice.
        changes.Remember(intent.OperationId, Print(intent), answer);
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : answer;
    }

    private async Task<Result<ImmutableArray<DepositDraw>>> CollectAsync(DepositIntent intent, ImmutableArray<PlannedDraw> draws)
    {
        Refusal? refusal = null;
        var drawn = new List<PlannedDraw>();
        foreach (var draw in draws.Where(static d => d.GrantId is not null))
        {
            refusal = (await Allowance(draw.GrantId!).DrawAsync(draw.TransferId, intent.Depositor, intent.Currency, draw.Amount)).Refusal;
            if (refusal is not null)
            {
                break;
            }

            drawn.Add(draw);
        }

        var moved = new List<(PlannedDraw Draw, ImmutableArray<SourcedCredit> Parts)>();
        foreach (var draw in refusal is null ? draws : [])
        {
            var parts = await MoveInAsync(intent.Currency, draw);
            if (!parts.IsOk)
            {
                refusal = parts.Refusal;
                break;
            }

            moved.Add((draw, parts.Value));
        }

        if (refusal is null)
        {
            return moved.SelectMany(static m => m.Parts.Select(p => new DepositDraw(m.Draw.Depositor, m.Draw.GrantId, p.Amount, p.Source))).ToImmutableArray();
        }

        foreach (var (draw, parts) in moved)
        {
            await MoveBackAsync(intent.Currency, draw, parts);
        }

        foreach (var draw in drawn)
        {
            (await Allowance(draw.GrantId!).RestoreAsync(draw.TransferId + "/back", draw.Amount)).Require();
        }

        return refusal;
    }

    /// <summary>From a wallet into the escrow account; credit brings its sources with it.</summary>
    private async Task<Result<ImmutableArray<SourcedCredit>>> MoveInAsync(string currency, PlannedDraw draw)
    {
        var wallet = LedgerAccounts.Wallet(draw.Depositor);
        if (tokens.Sources(currency).Count > 0)
        {
            var sent = await GrainFactory.GetGrain<ICreditAccountGrain>(CreditLedgers.AccountKey(currency, wallet))
                .SendAsync(draw.TransferId, LedgerAccounts.Escrow(Id), draw.Amount, "escrow deposit");
            return sent.IsOk ? sent.Value.Parts : sent.Refusal;
        }

        var posted = await Ledger(currency).ExecuteAsync(new Transfer(
            draw.TransferId, TransferKind.Post, [new Leg(wallet, -draw.Amount), new Leg(LedgerAccounts.Escrow(Id), draw.Amount)], Memo: "escrow deposit"));
        return posted.IsOk ? ImmutableArray.Create(new SourcedCredit(null, draw.Amount)) : posted.Refusal;
    }

    private async Task MoveBackAsync(string currency, PlannedDraw draw, ImmutableArray<SourcedCredit> parts)
    {
        var wallet = LedgerAccounts.Wallet(draw.Depositor);
        foreach (var part in parts.Where(static p => p.Source is not null).Append(new SourcedCredit(null, draw.Amount)))
        {
            (await Ledger(part.Source is null ? currency : CreditLedgers.Of(currency, part.Source)).ExecuteAsync(new Transfer(
                draw.TransferId + "/back", TransferKind.Post, [new Leg(LedgerAccounts.Escrow(Id), -part.Amount), new Leg(wallet, part.Amount)], Memo: "escrow deposit not taken"))).Require();
        }
    }

    /// <summary>What follows from movements out: one transfer of the money, one per source, and allowances to restore.</summary>
    private EscrowState Owed(EscrowState state, ImmutableArray<EscrowMovement> movements)
    {
        var currency = state.Account!.Currency;
        var sources = movements.Where(static m => m.Source is not null).Select(static m => m.Source!).Distinct();
        return state with
        {
            Outbox = EscrowTransfers.ToTransfer(Id, movements) is { } transfer ? [transfer] : [],
            SourceOutbox = [.. sources.Select(s => new SourceTransfer(CreditLedgers.Of(currency, s), EscrowTransfers.ToTransfer(Id, movements, source: s)!))],
            Restores = [.. movements.Where(static m => m is { Kind: EscrowMovementKind.Refund, GrantId: not null }).Select(m => new AllowanceRestore(m.GrantId!, EscrowTransfers.TransferId(Id, m.Ordinal), m.Amount))],
        };
    }
}
