using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Staking;

/// <summary>
/// All stake behind one hotkey. Every movement is a saga of one transfer: intent → ledger → shares and answer in one commit; the transfer is the point of no return. Rewards come into the accounts meanwhile
/// without this grain knowing; so who comes is given shares at the price after his money is in, and who goes gives up shares at the price before it leaves: nobody can take part of a reward that was paid
/// before he came or after he decided to go.
/// </summary>
[GrainType("depin.stake")]
public sealed partial class StakeGrain(
    IRowStore store, TokenCatalog tokens, NetworkParameters parameters, NetworkClock clock, IOptions<StakingOptions> options, StakingMetrics metrics) : Grain, IStakeGrain
{
    private GrainRow<StakeState> _row = null!;
    private string _token = "";
    private string _hotkey = "";
    private string? _owner;

    private string Id => this.GetPrimaryKeyString();

    private ILedgerGrain Ledger => field ??= GrainFactory.GetGrain<ILedgerGrain>(_token);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_token, _hotkey) = StakeKeys.Split(Id);
        _owner = StakeKeys.OwnerOf(_hotkey);
        _row = new GrainRow<StakeState>(store, StakeState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Result<StakeView>> AddAsync(string operationId, AddStake command) => ComeAsync(StakeStep.Add, operationId, command);

    /// <inheritdoc/>
    public Task<Result<StakeView>> ArriveAsync(string operationId, AddStake command, bool back) => ComeAsync(back ? StakeStep.Return : StakeStep.Arrive, operationId, command);

    /// <inheritdoc/>
    public Task<Result<StakeView>> RemoveAsync(string operationId, RemoveStake command) => GoAsync(StakeStep.Remove, operationId, command);

    /// <inheritdoc/>
    public async Task<Result<StakeMoved>> LeaveAsync(string operationId, RemoveStake command)
    {
        var moved = await LeaveOnceAsync(operationId, command);
        return moved.IsOk ? new StakeMoved(_hotkey, moved.Value) : moved.Refusal;
    }

    /// <inheritdoc/>
    public async Task<Result<StakeView>> CancelUnbondingAsync(string operationId, string coldkey, long amount)
    {
        var asked = new StakeIntent(StakeStep.Cancel, operationId, coldkey, amount, amount, 0, 0, clock.Now, TimeSpan.Zero);
        if (await BeginAsync<StakeView>(asked) is { } answered)
        {
            return answered;
        }

        if (amount <= 0)
        {
            return StakeErrors.AmountInvalid(amount);
        }

        var delegation = await DelegationAsync(coldkey);
        var left = UnbondingRules.Cancel(delegation.Exits, amount);
        return !left.IsOk ? left.Refusal
            : coldkey != _owner && State(await parameters.NowAsync()) is { IsDelegate: false } ? StakeErrors.NotDelegate(_hotkey)
            : await RunAsync(asked with { Orphaned = await OrphanedAsync(coldkey) });
    }

    /// <inheritdoc/>
    public async Task<Result<HotkeyView>> SetTermsAsync(string operationId, SetStakeTerms command)
    {
        ArgumentNullException.ThrowIfNull(command);
        await FinishAsync();
        if (WhyNotHere() is { } wrong)
        {
            return wrong;
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<HotkeyView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (command.Coldkey != _owner)
        {
            return StakeErrors.NotOwner(_owner!);
        }

        var values = await parameters.NowAsync();
        var next = WithTerms(State(values), command, values);
        if (!next.IsOk)
        {
            return next.Refusal;
        }

        var view = await ViewAsync(next.Value);
        var changes = new Changes().Remember<Result<HotkeyView>>(operationId, print, view)
            .Event("network", "stake.terms", _hotkey, new { Token = _token, Hotkey = _hotkey, next.Value.IsDelegate, next.Value.Take });
        return await _row.CommitAsync(next.Value, changes) is { } refusal ? refusal : view;
    }

    /// <inheritdoc/>
    public async Task<Result<StakeView>> GetStakeAsync(string coldkey)
    {
        await FinishAsync();
        return WhyNotHere() is { } wrong ? wrong : await ViewAsync(await DelegationAsync(coldkey), _row.Value?.Shares ?? 0, await parameters.NowAsync());
    }

    /// <inheritdoc/>
    public async Task<Result<HotkeyView>> GetAsync()
    {
        await FinishAsync();
        return WhyNotHere() is { } wrong ? wrong : await ViewAsync(State(await parameters.NowAsync()));
    }

    /// <inheritdoc/>
    public async Task<StakeTerms> GetTermsAsync()
    {
        _row.ThrowIfLost();
        var state = State(await parameters.NowAsync());
        return new StakeTerms(_hotkey, state.Owner, state.IsDelegate, state.Take, state.Shares > 0);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        await FinishAsync();
        if (!_row.Exists)
        {
            return;
        }

        // One moment for all: what is summed up is what the step takes out.
        var now = clock.Now;
        var due = await store.ListAsync(new ListQuery(
            DelegationState.Kind.Table.Kind,
            [new Filter("free_ms", Comparison.LessOrEqual, now.ToUnixTimeMilliseconds()), new Filter("parent", Comparison.Equal, Id)],
            "free_ms",
            false,
            options.Value.ExitsPerTick,
            null));
        foreach (var row in due.Rows)
        {
            var (freed, _) = UnbondingRules.Release(RowKind<DelegationState>.Read(row).Exits, now);
            if (freed > 0)
            {
                (await RunAsync(new StakeIntent(
                    StakeStep.Exit, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_hotkey}/exit/{_row.Value.Exits + 1}"), row.Id.Key, freed, freed, 0, 0, now, TimeSpan.Zero))).Require();
            }
        }
    }

    private async Task<Result<StakeView>> ComeAsync(StakeStep step, string operationId, AddStake command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var intent = new StakeIntent(step, operationId, command.Coldkey, command.Amount, command.Amount, 0, 0, clock.Now, TimeSpan.Zero);
        if (await BeginAsync<StakeView>(intent) is { } answered)
        {
            return answered;
        }

        if (command.Amount is <= 0 or > LedgerLimits.AmountMax)
        {
            return StakeErrors.AmountInvalid(command.Amount);
        }

        if (step != StakeStep.Return && await WhyNotComeAsync(command) is { } refusal)
        {
            return refusal;
        }

        return await RunAsync(intent with { Orphaned = await OrphanedAsync(command.Coldkey) });
    }

    private async Task<Refusal?> WhyNotComeAsync(AddStake command)
    {
        var values = await parameters.NowAsync();
        var state = State(values);
        if (values.Of(NetworkParameterCatalog.StakeHotkeyMax, _token) is > 0 and var max && await TotalAsync() is var total && total > max - command.Amount)
        {
            return StakeErrors.HotkeyCap(total, command.Amount, max);
        }

        if (command.Coldkey == _owner)
        {
            return null;
        }

        if (!state.IsDelegate)
        {
            return StakeErrors.NotDelegate(_hotkey);
        }

        var delegation = await DelegationAsync(command.Coldkey);
        if (delegation.Shares == 0 && state.Delegators >= options.Value.DelegatorsMax)
        {
            return StakeErrors.TooManyDelegators(options.Value.DelegatorsMax);
        }

        var (stake, min) = (await StakeAsync(delegation, state.Shares), values.Of(NetworkParameterCatalog.StakeMin, _token));
        return command.Amount < min - stake ? StakeErrors.BelowMin(stake + command.Amount, min) : null;
    }

    private async Task<Result<StakeView>> GoAsync(StakeStep step, string operationId, RemoveStake command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var asked = new StakeIntent(step, operationId, command.Coldkey, command.Amount, command.Amount, 0, 0, clock.Now, TimeSpan.Zero);
        if (await BeginAsync<StakeView>(asked) is { } answered)
        {
            return answered;
        }

        var planned = await PlanAsync(asked);
        return planned.IsOk ? await RunAsync(planned.Value) : planned.Refusal;
    }

    /// <summary>What leaves, and the shares given up for it.</summary>
    private async Task<Result<StakeIntent>> PlanAsync(StakeIntent asked)
    {
        if (asked.Requested < 0)
        {
            return StakeErrors.AmountInvalid(asked.Requested);
        }

        var values = await parameters.NowAsync();
        var (delegation, shares) = (await DelegationAsync(asked.Coldkey), _row.Value?.Shares ?? 0);
        var pool = await BalanceAsync(Account(asked.Coldkey));
        var stake = asked.Coldkey == _owner ? pool : SharePool.Value(delegation.Shares, shares, pool);
        var amount = asked.Requested == 0 ? stake : asked.Requested;
        if (amount > stake || amount == 0)
        {
            return StakeErrors.NotEnough(amount, stake);
        }

        if (HeldUntil(delegation, values) is { } until)
        {
            return StakeErrors.Held(until);
        }

        // Nobody keeps less than the least stake: it would only cost.
        amount = asked.Coldkey != _owner && stake - amount < values.Of(NetworkParameterCatalog.StakeMin, _token) ? stake : amount;
        var unbonding = asked.Step == StakeStep.Remove ? TimeSpan.FromSeconds(values.Of(NetworkParameterCatalog.StakeUnbonding, _token)) : TimeSpan.Zero;
        if (unbonding > TimeSpan.Zero && new UnbondingRules(unbonding).Begin(delegation.Exits, amount, asked.At).Refusal is { } full)
        {
            return full;
        }

        return asked with { Amount = amount, Shares = asked.Coldkey == _owner ? 0 : SharePool.Burn(delegation.Shares, shares, pool, amount), Unbonding = unbonding };
    }

    private static Result<StakeState> WithTerms(StakeState state, SetStakeTerms command, ParameterValues values)
    {
        if (command.Take is not { } wanted || wanted == state.Take)
        {
            return state with { IsDelegate = command.IsDelegate };
        }

        if (wanted is < 0 or > ushort.MaxValue)
        {
            return Refusal.Of("staking.take_invalid", $"a take is 0…65535, not {wanted}", ("take", wanted));
        }

        var rules = new TakeRules((ushort)values.Of(NetworkParameterCatalog.TakeMax, state.Token), (ulong)values.Of(NetworkParameterCatalog.TakeRaise, state.Token), "seconds");
        var take = rules.Change((ushort)state.Take, (ushort)wanted, (ulong?)state.TakeRaisedAt?.ToUnixTimeSeconds(), (ulong)values.At.ToUnixTimeSeconds());
        return take.IsOk
            ? state with { IsDelegate = command.IsDelegate, Take = take.Value, TakeRaisedAt = take.Value > state.Take ? values.At : state.TakeRaisedAt }
            : take.Refusal;
    }
}
