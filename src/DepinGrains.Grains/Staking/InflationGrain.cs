using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Staking;

/// <summary>
/// Pays epochs that are over: intent with every leg → ledger, under ids from (token, epoch) → next epoch. Another silo with the same idea loses its commit, a doubled call finds the number done.
/// </summary>
[GrainType("depin.inflation")]
public sealed class InflationGrain(
    IRowStore store, TokenCatalog tokens, NetworkParameters parameters, NetworkClock clock, IOptions<StakingOptions> options, StakingMetrics metrics) : Grain, IInflationGrain
{
    private readonly StakingOptions _options = options.Value;
    private GrainRow<InflationState> _row = null!;

    private string Token => this.GetPrimaryKeyString();

    private ILedgerGrain Ledger => field ??= GrainFactory.GetGrain<ILedgerGrain>(Token);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<InflationState>(store, InflationState.Kind, Token, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (WhyNotHere() is not null)
        {
            return;
        }

        if (!_row.Exists)
        {
            await MustCommitAsync(At(new InflationState(0, default, 0, 0, 0, 0, null), EpochAt(clock.Now)), new Changes());
        }

        for (var paid = 0; paid < _options.EpochsPerTick; paid++)
        {
            if (_row.Value!.Intent is { } intent)
            {
                await CompleteAsync(intent);
            }
            else if (_row.Value.NextAt > clock.Now)
            {
                return;
            }
            else
            {
                await PayNextAsync(_row.Value);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<Result<InflationView>> GetAsync()
    {
        _row.ThrowIfLost();
        if (WhyNotHere() is { } wrong)
        {
            return wrong;
        }

        var values = await parameters.NowAsync();
        var state = _row.Value ?? At(new InflationState(0, default, 0, 0, 0, 0, null), EpochAt(values.At));
        return new InflationView(
            Token, state.NextEpoch, state.NextAt, (long)_options.EpochLength.TotalSeconds, (int)values.Of(NetworkParameterCatalog.InflationRate, Token),
            (int)values.Of(NetworkParameterCatalog.InflationTax, Token), await SupplyAsync(), state.Minted, state.Community, state.Staked);
    }

    private async Task PayNextAsync(InflationState state)
    {
        var validators = await ValidatorsAsync();
        if (validators.IsEmpty)
        {
            // Nothing is minted while nobody stakes, however many epochs that were.
            await MustCommitAsync(At(state with { Staked = 0 }, Math.Max(state.NextEpoch + 1, EpochAt(clock.Now))), new Changes());
            return;
        }

        var intent = await PlanAsync(state, validators);
        await MustCommitAsync(state with { Intent = intent }, new Changes());
        await CompleteAsync(intent);
    }

    private async Task<InflationIntent> PlanAsync(InflationState state, ImmutableArray<Validator> validators)
    {
        var values = await parameters.NowAsync();
        var then = values with { At = state.NextAt };
        var inflation = new StakingInflation((int)then.Of(NetworkParameterCatalog.InflationRate, Token), (int)then.Of(NetworkParameterCatalog.InflationTax, Token));
        var supply = await SupplyAsync();
        var step = inflation.Mint(supply, (long)_options.EpochLength.TotalSeconds, state.Carry);
        var staked = validators.Aggregate(Int128.Zero, static (sum, v) => sum + v.Own + v.Pool);
        var (legs, left) = (new List<Leg>(), step.Minted);
        foreach (var v in validators)
        {
            var part = (long)(((Int128)step.Stakers * ((Int128)v.Own + v.Pool)) / staked);
            var reward = StakeReward.Split(v.Own, v.Pool, v.Take, 0, part, v.HasDelegators);
            Pay(StakeAccounts.Own(v.Hotkey), reward.Own);
            Pay(StakeAccounts.Pool(v.Hotkey), reward.Pool);
        }

        // The tax, and what rounding left.
        var community = left;
        Pay(LedgerAccounts.CommunityPool, community);
        var epoch = new InflationEpoch(Token, state.NextEpoch, state.NextAt, inflation.RateMillionths, supply, (long)staked, step.Minted, community, validators.Length);
        return new InflationIntent(epoch, step.Carry, Transfers(state.NextEpoch, legs));

        void Pay(string account, long amount)
        {
            if (amount > 0)
            {
                legs.Add(new Leg(account, amount));
                left -= amount;
            }
        }
    }

    private static ImmutableArray<Transfer> Transfers(long epoch, List<Leg> legs) =>
    [
        .. legs.Chunk(Domain.Ledgers.LedgerLimits.LegsMax - 1).Select((part, i) => new Transfer(
            string.Create(CultureInfo.InvariantCulture, $"inflation/{epoch}/{i}"),
            TransferKind.Post,
            [new Leg(LedgerAccounts.Issuance, -part.Sum(static l => l.Amount)), .. part],
            Memo: string.Create(CultureInfo.InvariantCulture, $"inflation, epoch {epoch}"))),
    ];

    private async Task CompleteAsync(InflationIntent intent)
    {
        foreach (var answer in intent.Transfers.IsEmpty ? [] : await Ledger.ExecuteManyAsync(intent.Transfers))
        {
            answer.Require();
        }

        var (state, epoch) = (_row.Value!, intent.Epoch);
        var next = state with { Carry = intent.Carry, Minted = state.Minted + epoch.Minted, Community = state.Community + epoch.Community, Staked = epoch.Staked, Intent = null };
        await MustCommitAsync(At(next, epoch.Epoch + 1), new Changes()
            .With(InflationEpochRow.Kind.Child(Token, InflationEpochRow.KeyOf(epoch.Epoch), new InflationEpochRow(epoch)))
            .Event("network", "inflation.epoch", Token, epoch));
        metrics.Inflated(Token, epoch.Minted);
    }

    /// <summary>Hotkeys with the most stake. Who looks for them by what was staked last finds them before hotkeys made to be in the way; how much it is now the ledger says.</summary>
    private async Task<ImmutableArray<Validator>> ValidatorsAsync()
    {
        var hotkeys = ImmutableArray.CreateBuilder<StakeState>();
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(new ListQuery(
                StakeState.Kind.Table.Kind, [new Filter("token", Comparison.Equal, Token), new Filter("staked", Comparison.Greater, 0L)], "staked", Descending: true, 1_000, cursor));
            hotkeys.AddRange(page.Rows.Select(static r => RowKind<StakeState>.Read(r)));
            cursor = page.NextCursor;
        }
        while (cursor is not null && hotkeys.Count < _options.CandidatesMax);
        if (hotkeys.Count == 0)
        {
            return [];
        }

        var candidates = hotkeys.Take(_options.CandidatesMax).ToArray();
        var posted = (await Ledger.GetBalancesAsync([.. candidates.SelectMany(static h => (string[])[StakeAccounts.Own(h.Hotkey), StakeAccounts.Pool(h.Hotkey)])])).Require().Posted;
        return
        [
            .. candidates.Select((h, i) => new Validator(h.Hotkey, h.Take, h.Shares > 0, posted[2 * i], posted[(2 * i) + 1]))
                .Where(static v => v.Own + v.Pool > 0)
                .OrderByDescending(static v => v.Own + v.Pool).ThenBy(static v => v.Hotkey, StringComparer.Ordinal)
                .Take(_options.ValidatorsMax),
        ];
    }

    private InflationState At(InflationState state, long epoch) => state with { NextEpoch = epoch, NextAt = clock.TimeOf(0) + ((epoch + 1) * _options.EpochLength) };

    private long EpochAt(DateTimeOffset at) => Math.Max(0, (at - clock.TimeOf(0)).Ticks / _options.EpochLength.Ticks);

    private async Task<long> SupplyAsync() => Math.Max(0, -(await Ledger.GetBalanceAsync(LedgerAccounts.Issuance)).Posted);

    private Refusal? WhyNotHere() => tokens.Find(Token) is { Staked: true, Native: true } token && token.Denom == Token && Token != EmissionKeys.Tao
        ? null
        : Refusal.Of("inflation.token_not_allowed", $"{Token} has no inflation", ("token", Token));

    private async Task MustCommitAsync(InflationState next, Changes changes)
    {
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private readonly record struct Validator(string Hotkey, int Take, bool HasDelegators, long Own, long Pool);
}
