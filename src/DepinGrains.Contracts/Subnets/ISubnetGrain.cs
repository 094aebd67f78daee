using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Subnets;

/// <summary>
/// One subnet: hyperparameters, uids, weights, bonds, epochs. Key = netuid, from 1. One command at a time; whatever a crash left half done is finished before the next, and epochs that are due run
/// before any command, so a late reminder changes no result. Signatures are checked by the gateway, ownership here. <c>subnet.not_found</c> where there is none,
/// <c>subnet.dissolved</c> for commands to one that made room, <c>subnet.catching_up</c> while more epochs are due than one call may run: ask again.
/// </summary>
[Alias("depin.subnet.grain")]
public interface ISubnetGrain : IGrainWithIntegerKey
{
    /// <summary>The registry's call once the lock is paid; again with the same content it answers alike.</summary>
    [Alias("open")]
    Task<Result<SubnetView>> OpenAsync(string operationId, CreateSubnet command);

    /// <summary>The registry's call: epochs that are due run, then nothing does any more.</summary>
    [Alias("dissolve")]
    Task<Result<SubnetView>> DissolveAsync(string operationId);

    /// <summary>The subnet.</summary>
    [Alias("get")]
    Task<Result<SubnetView>> GetAsync();

    /// <summary>What a uid would cost now.</summary>
    [Alias("quote")]
    Task<Result<RegistrationQuote>> QuoteAsync();

    /// <summary>
    /// Registers, once per operation id: the price is recycled (supply goes back to unissued). <c>registration.*</c> with the chain's own name in the fact <c>error</c>:
    /// disabled, block_cap, interval_cap, already_registered, price_moved, not_enough_balance, not_owner, no_room, hardware_*.
    /// </summary>
    [Alias("register")]
    Task<Result<NeuronRegistered>> RegisterAsync(string operationId, RegisterNeuron command);

    /// <summary>Has a node's agent do the benchmark for a registration; <c>registration.hardware_*</c> when its detected hardware is not enough anyway, <c>node.benchmark_*</c> when the node takes none now.</summary>
    [Alias("challenge")]
    Task<Result<HardwareChallenge>> ChallengeAsync(string operationId, ChallengeNode command);

    /// <summary>Where a node's benchmark for this subnet stands; <c>registration.hardware_no_challenge</c>.</summary>
    [Alias("getChallenge")]
    Task<Result<HardwareChallenge>> GetChallengeAsync(string node);

    /// <summary>Sets weights; <c>weights.*</c>, the chain's checks in the chain's order.</summary>
    [Alias("setWeights")]
    Task<Result<WeightsSet>> SetWeightsAsync(string operationId, SetWeights command);

    /// <summary>Commits to weights.</summary>
    [Alias("commitWeights")]
    Task<Result<WeightsCommitted>> CommitWeightsAsync(string operationId, CommitWeights command);

    /// <summary>Reveals them.</summary>
    [Alias("revealWeights")]
    Task<Result<WeightsSet>> RevealWeightsAsync(string operationId, RevealWeights command);

    /// <summary>Announces where a hotkey answers. <c>axon.*</c>: not_registered, not_owner, too_fast, endpoint_invalid, address_not_allowed, node_foreign, lease_foreign, lease_closed, workload_not_found, models_invalid.</summary>
    [Alias("serveAxon")]
    Task<Result<NeuronView>> ServeAxonAsync(string operationId, ServeAxon command);

    /// <summary>Changes a hyperparameter: at once, or from the next epoch on where consensus reads it. <c>hyperparameter.unknown</c>, <c>hyperparameter.invalid</c>, <c>subnet.not_owner</c>.</summary>
    [Alias("setHyperparameter")]
    Task<Result<SubnetView>> SetHyperparameterAsync(string operationId, SetHyperparameter command);

    /// <summary>Columns of the metagraph; <paramref name="fields"/> empty: all but weights and bonds. <c>metagraph.field_unknown</c>.</summary>
    [Alias("metagraph")]
    Task<Result<Metagraph>> GetMetagraphAsync(ImmutableArray<string> fields);

    /// <summary>One uid; <c>subnet.uid_unknown</c>.</summary>
    [Alias("neuron")]
    Task<Result<NeuronView>> GetNeuronAsync(int uid);

    /// <summary>The uid of a hotkey; <c>subnet.not_registered</c>.</summary>
    [Alias("neuronOf")]
    Task<Result<NeuronView>> FindNeuronAsync(string hotkey);

    /// <summary>Weights a uid has in force.</summary>
    [Alias("weights")]
    Task<Result<SparseRow>> GetWeightsAsync(int uid);

    /// <summary>Everybody who can be asked: for routers and validators. Null when the list still has <paramref name="knownVersion"/>.</summary>
    [Alias("servers")]
    Task<Result<SubnetServers?>> GetServersAsync(long knownVersion);

    /// <summary>The sweep's call: finishes what was interrupted, runs the epochs that are due.</summary>
    [Alias("tick")]
    Task TickAsync();
}
