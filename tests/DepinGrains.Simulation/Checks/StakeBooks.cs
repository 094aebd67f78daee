using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Checks;

/// <summary>Stake and emission at rest: shares add up, nobody is owed more than there is, what was emitted is the schedule's and is somewhere.</summary>
internal sealed class StakeBooks(World world, Model model)
{
    private readonly Problems _problems = world.Problems;

    public void Check()
    {
        foreach (var row in world.All(StakeState.Kind.Table.Kind))
        {
            Hotkey(row.Id.Key, RowKind<StakeState>.Read(row));
        }

        foreach (var row in world.All(StakerState.Kind.Table.Kind))
        {
            var coldkey = StakeKeys.Split(row.Id.Key).Key;
            _problems.Unless(RowKind<StakerState>.Read(row).Intent is null, $"a move of {coldkey} is under way");
            _problems.Unless(Posted(StakeAccounts.Transit(coldkey)) == 0, $"{coldkey} has stake between hotkeys");
        }

        Emission();
    }

    private void Hotkey(string key, StakeState state)
    {
        var delegations = world.Children(DelegationState.Kind.Table.Kind, key).Select(static r => RowKind<DelegationState>.Read(r)).ToArray();
        var shares = delegations.Aggregate((Int128)0, static (sum, d) => sum + d.Shares);
        var pool = Posted(StakeAccounts.Pool(state.Hotkey));
        _problems.Unless(state.Intent is null, $"stake of {state.Hotkey} is under way");
        _problems.Unless(shares == state.Shares, $"{state.Hotkey} has {state.Shares} shares, its delegators {shares}");
        _problems.Unless(delegations.Count(static d => d.Shares > 0) == state.Delegators, $"{state.Hotkey} counts {state.Delegators} delegators");
        _problems.Unless(delegations.Sum(d => SharePool.Value(d.Shares, shares, pool)) <= pool, $"{state.Hotkey} owes its delegators more than {pool}");
        _problems.Unless(Posted(StakeAccounts.Unbonding(state.Hotkey)) == state.Unbonding, $"{state.Hotkey} has exits of {state.Unbonding}");
    }

    private void Emission()
    {
        if (world.Peek(RowId.Root(EmissionRow.Kind.Table.Kind, EmissionKeys.Tao)) is not { } row || model.Stake.Shares is not { } shares)
        {
            return;
        }

        var (state, stake) = (RowKind<EmissionRow>.Read(row), model.Stake);
        var schedule = SubnetEmission.Settle(new EmissionState(stake.Minted), shares.FromBlock - 1, Math.Max(shares.FromBlock - 1, state.Settled), shares.Shares).Issued;
        _problems.Unless(state.Outbox.IsEmpty, "an emission is under way");
        _problems.Unless(state.Emitted == schedule, $"{state.Emitted} was emitted through block {state.Settled}, the schedule says {schedule}");
        var issuance = -Posted(LedgerAccounts.Issuance);
        _problems.Unless(issuance == stake.Minted + state.Emitted - stake.Recycled - stake.Dust, $"issuance is {issuance}: {stake.Minted} minted, {state.Emitted} emitted, {stake.Recycled} recycled, {stake.Dust} dust");
        foreach (var pending in state.Pending)
        {
            _problems.Unless(Posted(EmissionAccounts.Pending(pending.Netuid)) == pending.Total, $"subnet {pending.Netuid} has {pending.Total} pending, its account {Posted(EmissionAccounts.Pending(pending.Netuid))}");
        }
    }

    private long Posted(string account) => world.Ledgers.Balance(EmissionKeys.Tao, account).Posted;
}
