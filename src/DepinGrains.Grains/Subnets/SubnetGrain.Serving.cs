using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Subnets;

/// <summary>Where hotkeys answer.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<NeuronView>> ServeAxonAsync(string operationId, ServeAxon command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        if (command.Models.IsDefault || command.Endpoint is null)
        {
            return Refusal.Of("axon.endpoint_invalid", "an announcement has an endpoint and a list of models");
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<NeuronView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (!Owns(command.Signer, command.Hotkey))
        {
            return Refusal.Of("axon.not_owner", "the signer does not own this hotkey", ("error", "NonAssociatedColdKey"));
        }

        if (_book.UidOf(command.Hotkey) is not { } uid)
        {
            return Refusal.Of("axon.not_registered", $"the hotkey has no uid in subnet {Netuid}", ("error", "HotKeyNotRegisteredInSubNet"), ("netuid", Netuid));
        }

        var (neuron, block, withdrawn) = (_book.Neuron(uid)!, Block, command.Endpoint.Length == 0);
        var refusal = TooFast(neuron, block)
            ?? (withdrawn ? null : AxonRules.WhyNot(command.Endpoint, command.Models, options.Value.AnyAddress || command.Node is not null))
            ?? (command.Version < 0 ? Refusal.Of("axon.version_invalid", "a version is a number from 0 on") : null)
            ?? (withdrawn || command.Node is null ? null : await WhyNotNodeAsync("axon", command.Node, neuron.Coldkey));
        if (refusal is not null)
        {
            return refusal;
        }

        var next = neuron with { Axon = withdrawn ? null : new AxonInfo(command.Endpoint, command.Node, command.Models, command.Version, block), AxonBlock = block };
        Result<NeuronView> done = View(next, block);
        await MustCommitAsync(
            State with { ServersVersion = State.ServersVersion + 1 },
            new Changes().With(NeuronState.Kind.Child(Key, SubnetRows.Uid(uid), next)).Remember(operationId, print, done).Event(Topic, withdrawn ? "subnet.axon_withdrawn" : "subnet.axon_served", next.Hotkey, new { Netuid, uid, next.Hotkey, next.Axon }));
        _book.Put(next);
        return done;
    }

    /// <inheritdoc/>
    public Task<Result<SubnetServers?>> GetServersAsync(long knownVersion)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return Task.FromResult<Result<SubnetServers?>>(NotFound());
        }

        if (State.ServersVersion == knownVersion)
        {
            return Task.FromResult(new Result<SubnetServers?>(null, null));
        }

        var (numbers, servers) = (_book.Numbers, ImmutableArray.CreateBuilder<SubnetServer>());
        foreach (var neuron in State.Status == SubnetStatus.Active ? _book.Neurons : [])
        {
            if (neuron is { Axon: { } axon, Uid: var uid })
            {
                servers.Add(new SubnetServer(uid, neuron.Hotkey, neuron.Coldkey, axon, At(numbers.Incentive, uid), At(numbers.Stake, uid), At(numbers.Permit, uid) == 1, neuron.RegisteredAt, At(numbers.Dividends, uid)));
            }
        }

        return Task.FromResult<Result<SubnetServers?>>(new Result<SubnetServers?>(new SubnetServers(Netuid, State.Name, State.Task, State.Epoch, State.ServersVersion, servers.DrainToImmutable()), null));
    }

    private Refusal? TooFast(NeuronState neuron, long block) => neuron.AxonBlock is { } last && block - last < State.Hyperparameters.ServingRateLimit
        ? Refusal.Of("axon.too_fast", $"{block - last} blocks since the last announcement; wait {State.Hyperparameters.ServingRateLimit - (block - last)} more", ("error", "ServingRateLimitExceeded"), ("passed", block - last), ("limit", State.Hyperparameters.ServingRateLimit))
        : null;

    /// <summary>The node must be the coldkey's own.</summary>
    private async Task<Refusal?> WhyNotNodeAsync(string feature, string node, string coldkey)
    {
        var view = NodeIds.IsNode(node) ? await GrainFactory.GetGrain<INodeGrain>(node).GetAsync() : Refusal.Of("node.not_found", "no such node");
        return view.IsOk && view.Value.Provider == coldkey && view.Value.Status != NodeStatus.Retired
            ? null
            : Refusal.Of($"{feature}.node_foreign", "the coldkey has no such node", ("node", node));
    }

    private static T At<T>(T[] values, int uid)
        where T : struct => uid < values.Length ? values[uid] : default;
}
