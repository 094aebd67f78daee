using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Contracts.Subnets;

/// <summary>A hotkey wants a uid. <paramref name="Coldkey"/> pays and must own the hotkey.</summary>
/// <param name="MaxPrice">Most rao it will pay; null: whatever it costs.</param>
/// <param name="Proof">Which node the miner runs on, where the subnet asks for hardware.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.register.v1")]
public sealed record RegisterNeuron(
    [property: Id(0)] string Coldkey,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] long? MaxPrice = null,
    [property: Id(3)] HardwareProof? Proof = null);

/// <summary>The node a miner runs on, and what it showed.</summary>
/// <param name="Node">The node; its provider must be the coldkey.</param>
/// <param name="Challenge">Id of the benchmark its agent passed; empty where the subnet has none.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.hardware_proof.v2")]
public sealed record HardwareProof([property: Id(0)] string Node, [property: Id(1)] string Challenge);

/// <summary>Somebody wants a node's agent to do the subnet's benchmark, for one registration.</summary>
/// <param name="Coldkey">Whose node it is.</param>
/// <param name="Hotkey">The key that is to be registered.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.challenge_node.v1")]
public sealed record ChallengeNode([property: Id(0)] string Coldkey, [property: Id(1)] string Hotkey, [property: Id(2)] string Node);

/// <summary>A benchmark a node was given for a registration, and where it stands.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.challenge.v2")]
public sealed record HardwareChallenge([property: Id(0)] int Netuid, [property: Id(1)] string Hotkey, [property: Id(2)] BenchmarkView Benchmark);

/// <summary>A validator's weights: any scale, the largest becomes 65535.</summary>
/// <param name="Hotkey">Who sets them; the gateway has checked that the signer may act for it (<see cref="Hotkeys.MaySign"/>), the grain that <paramref name="Signer"/> owns it.</param>
/// <param name="Signer">Identity that signed.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.set_weights.v1")]
public sealed record SetWeights(
    [property: Id(0)] string Signer,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] ImmutableArray<ushort> Uids,
    [property: Id(3)] ImmutableArray<ushort> Values,
    [property: Id(4)] ulong VersionKey);

/// <summary>A promise of weights. <paramref name="Hash"/>: BLAKE2b-256 as of the chain, 64 hex digits (<c>CommitReveal.HashOf</c>).</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.commit_weights.v1")]
public sealed record CommitWeights([property: Id(0)] string Signer, [property: Id(1)] string Hotkey, [property: Id(2)] string Hash);

/// <summary>What was promised; the first 32 bytes of the hash's input are SHA-256 of the hotkey's text.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.reveal_weights.v1")]
public sealed record RevealWeights([property: Id(0)] SetWeights Weights, [property: Id(1)] ImmutableArray<ushort> Salt);

/// <summary>Weights as they were taken.</summary>
/// <param name="Block">When: what counts as the validator's last update.</param>
/// <param name="Weights">How many.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.weights_set.v1")]
public sealed record WeightsSet([property: Id(0)] int Netuid, [property: Id(1)] int Uid, [property: Id(2)] long Block, [property: Id(3)] int Weights);

/// <summary>A commit as it was taken; it can be revealed in epoch <paramref name="RevealEpoch"/> only.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.weights_committed.v1")]
public sealed record WeightsCommitted([property: Id(0)] int Netuid, [property: Id(1)] int Uid, [property: Id(2)] string Hash, [property: Id(3)] long Block, [property: Id(4)] long RevealEpoch);

/// <summary>A hotkey says where it answers; an empty endpoint takes it back.</summary>
/// <param name="Node">A node of the coldkey's through whose agent it is reached: the endpoint is at loopback there.</param>
/// <param name="Lease">A lease of the coldkey's, instead: the endpoint's host is a service of it, its port one that the service exposes.</param>
/// <param name="Replica">Of the service.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.serve_axon.v1")]
public sealed record ServeAxon(
    [property: Id(0)] string Signer,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] string Endpoint,
    [property: Id(3)] string? Node,
    [property: Id(4)] ImmutableArray<string> Models,
    [property: Id(5)] long Version,
    [property: Id(6)] string? Lease = null,
    [property: Id(7)] int Replica = 0);

/// <summary>An owner changes a hyperparameter. <paramref name="Name"/> in snake case, <paramref name="Value"/> as text.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.set_hyperparameter.v1")]
public sealed record SetHyperparameter([property: Id(0)] string Signer, [property: Id(1)] string Name, [property: Id(2)] string Value);

/// <summary>Somebody opens a subnet.</summary>
/// <param name="Owner">Pays the lock and gets it back when the subnet is dissolved.</param>
/// <param name="Name">1…64 characters.</param>
/// <param name="MaxLock">Most rao to lock; null: whatever it costs.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.create.v1")]
public sealed record CreateSubnet([property: Id(0)] string Owner, [property: Id(1)] string Name, [property: Id(2)] SubnetTask Task, [property: Id(3)] long? MaxLock = null);
