using System.Collections.Immutable;

namespace DepinGrains.Contracts.Subnets;

/// <summary>
/// Where a hotkey answers. Hostile: whoever calls it resolves and pins the address, follows no redirects and refuses private addresses unless <paramref name="Node"/> tells the way.
/// </summary>
/// <param name="Endpoint">Base URL of an OpenAI-compatible API up to and including its version, e.g. <c>https://miner.example:8000/v1</c>; http or https, no user, query or fragment, at most 256 characters.</param>
/// <param name="Node">The node through whose agent's tunnel the endpoint is reached; null: straight.</param>
/// <param name="Models">Names of models it serves, at most 16 of 64 characters; empty: unknown.</param>
/// <param name="Version">Of the miner's code.</param>
/// <param name="Block">When it was announced.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.axon.v1")]
public sealed record AxonInfo(
    [property: Id(0)] string Endpoint,
    [property: Id(1)] string? Node,
    [property: Id(2)] ImmutableArray<string> Models,
    [property: Id(3)] long Version,
    [property: Id(4)] long Block);

/// <summary>A uid that can be asked, with what the last epoch thought of it: what a router needs, and no more.</summary>
/// <param name="Incentive">Share of the miners' half, of 65535.</param>
/// <param name="Stake">Total stake of the hotkey at the last epoch, rao.</param>
/// <param name="Permit">Whether it may set weights; in a subnet with fewer uids than validators' places everybody may.</param>
/// <param name="Dividends">Share of the validators' half, of 65535; above 0: it acts as a validator.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.server.v1")]
public sealed record SubnetServer(
    [property: Id(0)] int Uid,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] string Coldkey,
    [property: Id(3)] AxonInfo Axon,
    [property: Id(4)] ushort Incentive,
    [property: Id(5)] long Stake,
    [property: Id(6)] bool Permit,
    [property: Id(7)] long RegisteredAt,
    [property: Id(8)] ushort Dividends);

/// <summary>Everybody of a subnet who announced an axon. <paramref name="Version"/> changes only when this list does (also at each epoch): a cache may keep it until then.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.servers.v1")]
public sealed record SubnetServers(
    [property: Id(0)] int Netuid,
    [property: Id(1)] string Name,
    [property: Id(2)] SubnetTask Task,
    [property: Id(3)] long Epoch,
    [property: Id(4)] long Version,
    [property: Id(5)] ImmutableArray<SubnetServer> Servers);
