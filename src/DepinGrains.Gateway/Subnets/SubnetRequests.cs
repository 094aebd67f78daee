using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;

namespace DepinGrains.Gateway.Subnets;

/// <summary>A subnet to open.</summary>
/// <param name="Name">1 to 64 characters.</param>
/// <param name="Task">What its miners do.</param>
/// <param name="MaxLock">Most rao to lock; refused with <c>subnet.lock_moved</c> and the numbers when it costs more. Null: whatever it costs.</param>
public sealed record CreateSubnetRequest(
    [property: Required, StringLength(64, MinimumLength = 1)] string Name,
    SubnetTask Task,
    [property: Range(0, long.MaxValue)] long? MaxLock = null);

/// <summary>A uid to register.</summary>
/// <param name="Hotkey">A key of the caller's identity, <c>id_…/key_…</c>; null: the key that signs.</param>
/// <param name="MaxPrice">Most rao to recycle; refused with <c>registration.price_moved</c> and the numbers when it costs more. Null: whatever it costs.</param>
/// <param name="Node">The caller's node the miner runs on, where the subnet asks for hardware.</param>
/// <param name="Challenge">Id of the benchmark that node's agent passed for this hotkey, where the subnet asks for one.</param>
public sealed record RegisterNeuronRequest(
    [property: StringLength(Hotkeys.Length)] string? Hotkey = null,
    [property: Range(0, long.MaxValue)] long? MaxPrice = null,
    [property: StringLength(64)] string? Node = null,
    [property: StringLength(256)] string? Challenge = null);

/// <summary>A benchmark to have done.</summary>
/// <param name="Node">The caller's node.</param>
/// <param name="Hotkey">The key to be registered; null: the key that signs.</param>
public sealed record ChallengeRequest([property: Required, StringLength(64, MinimumLength = 1)] string Node, [property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>A benchmark of a node: its agent begins by itself, within its owner's limits.</summary>
/// <param name="Status">offered, running, passed, failed.</param>
/// <param name="Work">Blocks of 1 MiB.</param>
/// <param name="TimeMs">What the subnet allows the least hardware it takes; once it runs, what this node's class has, with slack.</param>
/// <param name="HardwareClass">Doublings of free CPU over the least asked for.</param>
/// <param name="Until">When it must have begun.</param>
/// <param name="Deadline">When the answer must be there; null before it runs.</param>
/// <param name="ElapsedMs">What it took.</param>
/// <param name="Code">Why it failed.</param>
/// <param name="Detail">The same in words.</param>
public sealed record ChallengeResponse(
    string Id, string Node, string Hotkey, BenchmarkStatus Status, int Work, int TimeMs, int HardwareClass, DateTimeOffset Until, DateTimeOffset? Deadline, long? ElapsedMs, string? Code, string? Detail)
{
    internal static ChallengeResponse Of(HardwareChallenge c) => new(
        c.Benchmark.Id, c.Benchmark.Node, c.Hotkey, c.Benchmark.Status, c.Benchmark.Work, c.Benchmark.TimeMs, c.Benchmark.HardwareClass, c.Benchmark.Until, c.Benchmark.Deadline, c.Benchmark.ElapsedMs,
        c.Benchmark.Failure?.Code, c.Benchmark.Failure?.Detail);
}

/// <summary>Weights of a validator.</summary>
/// <param name="Uids">Whom it scores.</param>
/// <param name="Values">How much, any scale; the largest becomes 65535.</param>
/// <param name="VersionKey">Version of the validator's code.</param>
/// <param name="Hotkey">Null: the key that signs.</param>
public sealed record WeightsRequest(
    [property: MaxLength(4_096)] ImmutableArray<ushort> Uids,
    [property: MaxLength(4_096)] ImmutableArray<ushort> Values,
    ulong VersionKey = 0,
    [property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>A promise of weights.</summary>
/// <param name="Hash">BLAKE2b-256 of SHA-256(hotkey), subnet, uids, values, salt and version in the chain's encoding, 64 hex digits; <c>depin subnet weights commit</c> computes it.</param>
public sealed record CommitWeightsRequest([property: Required, StringLength(64, MinimumLength = 64)] string Hash, [property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>What was promised.</summary>
public sealed record RevealWeightsRequest(
    [property: MaxLength(4_096)] ImmutableArray<ushort> Uids,
    [property: MaxLength(4_096)] ImmutableArray<ushort> Values,
    [property: MaxLength(64)] ImmutableArray<ushort> Salt,
    ulong VersionKey = 0,
    [property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>Where a hotkey answers.</summary>
/// <param name="Endpoint">Base URL of an OpenAI-compatible API; empty takes it back.</param>
/// <param name="Node">The caller's node whose agent tunnels to it: the endpoint is http://127.0.0.1:PORT/… there, a port its owner switched on.</param>
/// <param name="Lease">The caller's lease, instead: the endpoint is http://SERVICE:PORT/…, a port the service exposes.</param>
/// <param name="Replica">Which replica of the service.</param>
public sealed record AxonRequest(
    [property: StringLength(256)] string Endpoint,
    [property: StringLength(64)] string? Node = null,
    [property: MaxLength(16)] ImmutableArray<string>? Models = null,
    [property: Range(0, long.MaxValue)] long Version = 0,
    [property: StringLength(Hotkeys.Length)] string? Hotkey = null,
    [property: StringLength(256)] string? Lease = null,
    [property: Range(0, 1_000)] int Replica = 0);

/// <summary>A hyperparameter's new value, as text.</summary>
public sealed record HyperparameterRequest([property: Required, StringLength(32, MinimumLength = 1)] string Value);

/// <summary>A hyperparameter.</summary>
/// <param name="Pending">Its value from <paramref name="EffectiveBlock"/> on; null when none waits.</param>
/// <param name="AtEpoch">A change holds from the next epoch on.</param>
public sealed record HyperparameterResponse(string Name, string Value, string Range, bool AtEpoch, string? Pending, long? EffectiveBlock);

/// <summary>A hotkey for the root.</summary>
public sealed record RootRegisterRequest([property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>Weights of a root validator over subnets.</summary>
public sealed record RootWeightsRequest(
    [property: MaxLength(1_000)] ImmutableArray<int> Netuids,
    [property: MaxLength(1_000)] ImmutableArray<ushort> Values,
    [property: StringLength(Hotkeys.Length)] string? Hotkey = null);

/// <summary>A subnet's price, millionths of a TAO per unit.</summary>
public sealed record SubnetPriceRequest([property: Range(1, 65_535)] int Netuid, [property: Range(0, 1_000_000_000_000)] long PriceMillionths);
