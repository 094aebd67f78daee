using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Staking;

/// <summary>Movements step by step: whoever finishes an intent walks the same way.</summary>
public sealed partial class StakeGrain
{
    /// <summary>Finishes what was begun, then: the answer this operation had, or why there is none here; null = go on.</summary>
    private async Task<Result<T>?> BeginAsync<T>(StakeIntent asked)
    {
        await FinishAsync();
        return WhyNotHere() is { } wrong ? (Result<T>)wrong : await _row.RememberedAsync<T>(asked.OperationId, Print(asked));
    }

    private async Task FinishAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value?.Intent is { } intent)
        {
            await CompleteAsync(intent);
        }
    }

    private async Task<Result<StakeView>> RunAsync(StakeIntent intent) =>
        await _row.CommitAsync(State(await parameters.NowAsync()) with { Intent = intent }) is { } refusal ? refusal : await CompleteAsync(intent);

    private async Task<Result<long>> LeaveOnceAsync(string operationId, RemoveStake command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var asked = new StakeIntent(StakeStep.Leave, operationId, command.Coldkey, command.Amount, command.Amount, 0, 0, clock.Now, TimeSpan.Zero);
        if (await BeginAsync<long>(asked) is { } answered)
        {
            return answered;
        }

        var planned = await PlanAsync(asked);
        if (!planned.IsOk)
        {
            return planned.Refusal;
        }

        var left = await RunAsync(planned.Value);
        return left.IsOk ? planned.Value.Amount : left.Refusal;
    }

    private async Task<Result<StakeView>> CompleteAsync(StakeIntent intent)
    {
        var moved = await MoveAsync(intent);
        var state = _row.Value!;
        var changes = new Changes();
        if (!moved.IsOk)
        {
            var refused = intent.Step == StakeStep.Leave ? changes.Remember<Result<long>>(intent.OperationId, Print(intent), moved.Refusal)
                : changes.Remember<Result<StakeView>>(intent.OperationId, Print(intent), moved.Refusal);
            return await _row.CommitAsync(state with { Intent = null }, refused) is { } unstorable ? unstorable : moved.Refusal;
        }

        var before = await DelegationAsync(intent.Coldkey);
        var after = await ApplyAsync(before, state.Shares, intent);
        var next = state with
        {
            Intent = null,
            Shares = state.Shares + after.Shares - before.Shares,
            Delegators = state.Delegators + (after.Shares > 0 ? 1 : 0) - (before.Shares > 0 ? 1 : 0),
            Unbonding = state.Unbonding + after.Exits.Sum(static e => e.Amount) - before.Exits.Sum(static e => e.Amount),
            Exits = state.Exits + (intent.Step == StakeStep.Exit ? 1 : 0),
            Staked = await TotalAsync(),
        };
        var view = await ViewAsync(after, next.Shares, await parameters.NowAsync());
        changes.With(after.Shares == 0 && after.Exits.IsEmpty && intent.Coldkey != _owner ? DelegationState.Kind.Delete(Id, intent.Coldkey) : DelegationState.Kind.Child(Id, intent.Coldkey, after))
            .Event("network", EventOf(intent.Step), _hotkey, new { Token = _token, Hotkey = _hotkey, intent.Coldkey, intent.Amount });
        _ = intent.Step == StakeStep.Leave ? changes.Remember<Result<long>>(intent.OperationId, Print(intent), intent.Amount)
            : changes.Remember<Result<StakeView>>(intent.OperationId, Print(intent), view);
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            return refusal;
        }

        metrics.Moved(_token, intent.Step, intent.Amount);
        return view;
    }

    private async Task<Result<TransferReceipt>> MoveAsync(StakeIntent intent)
    {
        if (intent.Orphaned > 0)
        {
            (await Ledger.ExecuteAsync(new Transfer(
                intent.TransferId + "/orphaned",
                TransferKind.Post,
                [new Leg(StakeAccounts.Pool(_hotkey), -intent.Orphaned), new Leg(StakeAccounts.Own(_hotkey), intent.Orphaned)],
                Memo: "rewards that came when all delegators had left"))).Require();
        }

        var (stake, wallet, transit, exits) = (Account(intent.Coldkey), LedgerAccounts.Wallet(intent.Coldkey), StakeAccounts.Transit(intent.Coldkey), StakeAccounts.Unbonding(_hotkey));
        var (from, to, memo) = intent.Step switch
        {
            StakeStep.Add => (wallet, stake, "staked"),
            StakeStep.Remove => (stake, intent.Unbonding > TimeSpan.Zero ? exits : wallet, "unstaked"),
            StakeStep.Leave => (stake, transit, "stake moves"),
            StakeStep.Arrive => (transit, stake, "stake moves"),
            StakeStep.Return => (transit, stake, "stake comes back"),
            StakeStep.Cancel => (exits, stake, "unstaking cancelled"),
            StakeStep.Exit => (exits, wallet, "unstaked"),
            _ => throw new InvalidOperationException($"a step {intent.Step}"),
        };
        return await Ledger.ExecuteAsync(new Transfer(intent.TransferId, TransferKind.Post, [new Leg(from, -intent.Amount), new Leg(to, intent.Amount)], Memo: memo));
    }

    private async Task<DelegationState> ApplyAsync(DelegationState delegation, Int128 shares, StakeIntent intent)
    {
        var isOwner = intent.Coldkey == _owner;
        switch (intent.Step)
        {
            case StakeStep.Exit:
                return delegation with { Exits = UnbondingRules.Release(delegation.Exits, intent.At).Left };
            case StakeStep.Remove or StakeStep.Leave:
                var exits = intent.Unbonding > TimeSpan.Zero ? new UnbondingRules(intent.Unbonding).Begin(delegation.Exits, intent.Amount, intent.At).Require() : delegation.Exits;
                return delegation with { Shares = delegation.Shares - intent.Shares, Exits = exits, PutIn = delegation.PutIn - intent.Amount };
            default:
                var issued = isOwner ? 0 : SharePool.Issue(shares, await BalanceAsync(StakeAccounts.Pool(_hotkey)), intent.Amount);
                return delegation with
                {
                    Shares = delegation.Shares + issued,
                    PutIn = delegation.PutIn + intent.Amount,
                    AddedAt = intent.Step is StakeStep.Add or StakeStep.Arrive ? intent.At : delegation.AddedAt,
                    Exits = intent.Step == StakeStep.Cancel ? UnbondingRules.Cancel(delegation.Exits, intent.Amount).Require() : delegation.Exits,
                };
        }
    }

    private StakeState State(ParameterValues values) => _row.Value
        ?? new StakeState(_token, _hotkey, _owner!, false, (int)values.Of(NetworkParameterCatalog.TakeDefault, _token), null, 0, 0, 0, 0, 0, null);

    private async Task<DelegationState> DelegationAsync(string coldkey) =>
        await store.ReadAsync(new RowId(DelegationState.Kind.Table.Kind, Id, coldkey)) is { } row ? RowKind<DelegationState>.Read(row) : new DelegationState(_token, _hotkey, coldkey, 0, null, [], PutIn: 0);

    private Refusal? WhyNotHere() => _owner is null ? StakeErrors.HotkeyInvalid() : tokens.Find(_token) is { Staked: true } token && token.Denom == _token ? null : StakeErrors.TokenNotAllowed(_token);

    private string Account(string coldkey) => coldkey == _owner ? StakeAccounts.Own(_hotkey) : StakeAccounts.Pool(_hotkey);

    private async Task<long> BalanceAsync(string account) => (await Ledger.GetBalanceAsync(account)).Posted;

    private async Task<ImmutableArray<long>> BalancesAsync() => (await Ledger.GetBalancesAsync([StakeAccounts.Own(_hotkey), StakeAccounts.Pool(_hotkey)])).Require().Posted;

    private async Task<long> TotalAsync() => (await BalancesAsync()).Sum();

    /// <summary>Rewards in a pool without shares, before its first delegator comes.</summary>
    private async Task<long> OrphanedAsync(string coldkey) => coldkey == _owner || (_row.Value?.Shares ?? 0) > 0 ? 0 : await BalanceAsync(StakeAccounts.Pool(_hotkey));

    private async Task<long> StakeAsync(DelegationState delegation, Int128 shares)
    {
        var balance = await BalanceAsync(Account(delegation.Coldkey));
        return delegation.Coldkey == _owner ? balance : SharePool.Value(delegation.Shares, shares, balance);
    }

    private async Task<StakeView> ViewAsync(DelegationState delegation, Int128 shares, ParameterValues values)
    {
        var stake = await StakeAsync(delegation, shares);

        // A unit that the division into shares keeps back is no loss.
        return new StakeView(
            _token, _hotkey, delegation.Coldkey, stake, delegation.Coldkey == _owner, HeldUntil(delegation, values),
            [.. delegation.Exits.OrderBy(static e => e.FreeAt).Select(static e => new StakeExit(e.Amount, e.FreeAt))], delegation.PutIn is { } put ? Math.Max(0, stake - put) : null);
    }

    private async Task<HotkeyView> ViewAsync(StakeState state)
    {
        var balances = await BalancesAsync();
        var orphaned = state.Shares == 0 ? balances[1] : 0;
        return new HotkeyView(
            _token, _hotkey, state.Owner, state.IsDelegate, state.Take, balances[0] + orphaned, balances[1] - orphaned, state.Unbonding, state.Delegators, state.TakeRaisedAt);
    }

    private DateTimeOffset? HeldUntil(DelegationState delegation, ParameterValues values) =>
        delegation.AddedAt?.AddSeconds(values.Of(NetworkParameterCatalog.StakeHold, _token)) is { } until && until > values.At ? until : null;

    /// <summary>Of the request alone: what it was planned to move may differ when it is planned again.</summary>
    private static ReadOnlyMemory<byte> Print(StakeIntent intent) => Changes.Fingerprint(new { intent.Step, intent.Coldkey, intent.Requested });

    private static string EventOf(StakeStep step) => step switch
    {
        StakeStep.Add => "stake.added",
        StakeStep.Remove => "stake.removed",
        StakeStep.Leave => "stake.left",
        StakeStep.Arrive => "stake.arrived",
        StakeStep.Return => "stake.returned",
        StakeStep.Cancel => "stake.unbonding_cancelled",
        _ => "stake.paid_out",
    };
}
