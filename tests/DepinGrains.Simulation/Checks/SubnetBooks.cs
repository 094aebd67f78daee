using System.Collections.Immutable;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Checks;

/// <summary>Subnets at rest: nothing half done, all that is due done, every epoch in the history, and what epochs decided, uids cost and emission gave is where it belongs, to the rao.</summary>
internal sealed class SubnetBooks(World world, Model model)
{
    private readonly Problems _problems = world.Problems;

    public async Task CheckAsync()
    {
        if (world.Peek(RowId.Root(SubnetRegistryState.Kind.Table.Kind, SubnetKeys.Registry)) is not { } row)
        {
            return;
        }

        var registry = RowKind<SubnetRegistryState>.Read(row);
        _problems.Unless(registry.Intent is null, "a subnet is half open");
        var subnets = world.All(SubnetState.Kind.Table.Kind).Select(static r => RowKind<SubnetState>.Read(r)).ToArray();
        foreach (var subnet in subnets)
        {
            var listed = registry.Subnets.FirstOrDefault(s => s.Netuid == subnet.Netuid);
            _problems.Unless((listed is not null) == (subnet.Status == SubnetStatus.Active), $"subnet {subnet.Netuid} is {subnet.Status}, the registry {(listed is null ? "forgot" : "lists")} it");
            var locked = Posted($"subnet/{SubnetState.Key(subnet.Netuid)}/locked");
            _problems.Unless(locked == (listed?.Lock ?? 0), $"subnet {subnet.Netuid} keeps a lock of {locked}, {listed?.Lock} are due");
            await SubnetAsync(subnet);
        }

        _problems.Unless(model.Subnets.Opened.All(n => subnets.Any(s => s.Netuid == n)), "a subnet was acknowledged and is gone");
        Money(subnets);
    }

    private async Task SubnetAsync(SubnetState state)
    {
        var (name, key) = ($"subnet {state.Netuid}", SubnetState.Key(state.Netuid));
        _problems.Unless(state is { Registration: null, Payment: null }, $"{name} rests with something half done");
        _problems.Unless(!world.Children(PaymentRow.Kind.Table.Kind, key).Any(), $"{name} keeps payments");
        _problems.Unless(state.Recycled == model.Subnets.Recycled(state.Netuid), $"{name} recycled {state.Recycled}, acknowledged registrations cost {model.Subnets.Recycled(state.Netuid)}");
        var epochs = world.Children(EpochRow.Kind.Table.Kind, key).Select(static r => RowKind<EpochRow>.Read(r).View).ToArray();
        var kept = (int)Math.Min(state.Epoch, World.EpochsKept);
        _problems.Unless(epochs.Length == kept && epochs.Select((e, i) => e.Epoch == state.Epoch - kept + i).All(static same => same), $"{name} has a history of {epochs.Length} epochs in its epoch {state.Epoch}");

        if (state.Status == SubnetStatus.Dissolved)
        {
            return;
        }

        // The grain first: asking runs an epoch that has come due.
        var graph = await world.Grain(g => g.GetGrain<ISubnetGrain>(state.Netuid)).GetMetagraphAsync(ImmutableArray<string>.Empty);
        var shown = graph.Require().Hotkeys!.Value;
        var neurons = world.Children(NeuronState.Kind.Table.Kind, key).Select(static r => RowKind<NeuronState>.Read(r)).ToArray();
        _problems.Unless(neurons.Select(static n => n.Hotkey).Distinct().Count() == neurons.Length, $"{name} has a hotkey twice");
        _problems.Unless(neurons.All(n => n.Uid < state.Uids), $"{name} has {state.Uids} uids and {neurons.Max(static n => (int?)n.Uid)} as one");
        var weights = world.Children(SubnetRows.Weights.Kind, key).Select(static r => r.Id.Key).ToArray();
        _problems.Unless(weights.All(uid => neurons.Any(n => SubnetRows.Uid(n.Uid) == uid)), $"{name} keeps weights of uids that are nobody's");

        _problems.Unless(
            shown.Select(static (hotkey, uid) => (hotkey, uid)).Where(static n => n.hotkey.Length > 0).SequenceEqual(neurons.OrderBy(static n => n.Uid).Select(static n => (n.Hotkey, n.Uid))), $"{name} shows {string.Join(' ', shown)}, its rows have {string.Join(' ', neurons.Select(static n => (n.Uid, n.Hotkey)))}");
    }

    /// <summary>What was minted and drawn less what came back is there; who does not stake by hand has what epochs decided; owners and stakers together have the rest.</summary>
    private void Money(SubnetState[] subnets)
    {
        var emission = RowKind<EmissionRow>.Read(world.Peek(RowId.Root(EmissionRow.Kind.Table.Kind, EmissionKeys.Tao))!);
        _problems.Unless(emission.Outbox.IsEmpty, "an emission is under way");
        var pending = emission.Pending.Sum(static p => p.Total);
        foreach (var one in emission.Pending)
        {
            _problems.Unless(Posted(EmissionAccounts.Pending(one.Netuid)) == one.Total, $"subnet {one.Netuid} has {one.Total} pending, its account {Posted(EmissionAccounts.Pending(one.Netuid))}");
        }

        var (drawn, dust, recycled) = (world.Histories.Subnets.Drawn, world.Histories.Subnets.Dust, subnets.Sum(static s => s.Recycled));
        var supply = -Posted(LedgerAccounts.Issuance);
        var due = model.Stake.Minted + drawn + pending - dust - recycled;
        _problems.Unless(supply == due, $"supply is {supply}, {due} are due: {model.Stake.Minted} minted, {drawn} drawn, {pending} pending, {dust} dust, {recycled} recycled");

        var all = pending + subnets.Sum(s => Posted($"subnet/{SubnetState.Key(s.Netuid)}/locked"));
        foreach (var (hotkey, i) in Scenario.Neurons.Select(static (h, i) => (h, i)))
        {
            var (own, pool) = (Posted(StakeAccounts.Own(hotkey)), Posted(StakeAccounts.Pool(hotkey)));
            all += own + pool + Posted(StakeAccounts.Unbonding(hotkey)) + Posted(LedgerAccounts.Wallet(Hotkeys.Coldkey(hotkey)));
            _problems.Unless(i < Scenario.Validators || (own, pool) == (world.Histories.Subnets.Decided(StakeAccounts.Own(hotkey)), world.Histories.Subnets.Decided(StakeAccounts.Pool(hotkey))),
                $"{hotkey} has {own} + {pool}, epochs decided {world.Histories.Subnets.Decided(StakeAccounts.Own(hotkey))} + {world.Histories.Subnets.Decided(StakeAccounts.Pool(hotkey))}");
        }

        all += Posted(LedgerAccounts.Wallet(Scenario.SubnetOwner));
        _problems.Unless(all == supply, $"{all} of a supply of {supply} are where they belong");
    }

    private long Posted(string account) => world.Ledgers.Balance(EmissionKeys.Tao, account).Posted;
}
