using System.Collections.Immutable;

namespace DepinGrains.Contracts.Subnets;

/// <summary>One neuron with all that is known of it; u16 values are of 65535.</summary>
/// <param name="Active">Set weights within the activity cutoff.</param>
/// <param name="LastUpdate">Block of its last weights; its registration's until then.</param>
/// <param name="Stake">Total stake of the hotkey at the last epoch, rao.</param>
/// <param name="Emission">Rao of the last epoch.</param>
/// <param name="Immune">Safe from pruning and sweep now.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.neuron.v1")]
public sealed record NeuronView(
    [property: Id(0)] int Netuid,
    [property: Id(1)] int Uid,
    [property: Id(2)] string Hotkey,
    [property: Id(3)] string Coldkey,
    [property: Id(4)] bool Active,
    [property: Id(5)] AxonInfo? Axon,
    [property: Id(6)] long Stake,
    [property: Id(7)] ushort Rank,
    [property: Id(8)] ushort Trust,
    [property: Id(9)] ushort Consensus,
    [property: Id(10)] ushort Incentive,
    [property: Id(11)] ushort Dividends,
    [property: Id(12)] long Emission,
    [property: Id(13)] ushort ValidatorTrust,
    [property: Id(14)] bool ValidatorPermit,
    [property: Id(15)] long LastUpdate,
    [property: Id(16)] ushort PruningScore,
    [property: Id(17)] long RegisteredAt,
    [property: Id(18)] bool Immune,
    [property: Id(19)] string? Node);

/// <summary>What one uid gives to others: weights it set or bonds it holds, of 65535; uids ascending.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.sparse_row.v1")]
public sealed record SparseRow([property: Id(0)] int Uid, [property: Id(1)] ImmutableArray<ushort> Uids, [property: Id(2)] ImmutableArray<ushort> Values);

/// <summary>
/// All of a subnet by columns, index = uid, stamped with block and epoch; columns that were not asked for are null. Names are those of the SDK in snake case; S R I E C T Tv D are taken for
/// stake, rank, incentive, emission, consensus, trust, validator_trust, dividends.
/// </summary>
/// <param name="Block">The block now.</param>
/// <param name="Epoch">The epoch under way; numbers are of the one before.</param>
/// <param name="N">Uids.</param>
/// <param name="TotalStake">Rao of all uids at the last epoch.</param>
/// <param name="Version">Rises with every change; the same version is the same metagraph but for <paramref name="Block"/>.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.metagraph.v1")]
public sealed record Metagraph(
    [property: Id(0)] int Netuid,
    [property: Id(1)] string Name,
    [property: Id(2)] long Block,
    [property: Id(3)] long Epoch,
    [property: Id(4)] long EpochBlock,
    [property: Id(5)] int N,
    [property: Id(6)] int MaxUids,
    [property: Id(7)] long TotalStake,
    [property: Id(8)] long Version)
{
    [Id(9)] public ImmutableArray<string>? Hotkeys { get; init; }

    [Id(10)] public ImmutableArray<string>? Coldkeys { get; init; }

    [Id(11)] public ImmutableArray<long>? Stake { get; init; }

    [Id(12)] public ImmutableArray<ushort>? Rank { get; init; }

    [Id(13)] public ImmutableArray<ushort>? Trust { get; init; }

    [Id(14)] public ImmutableArray<ushort>? Consensus { get; init; }

    [Id(15)] public ImmutableArray<ushort>? Incentive { get; init; }

    [Id(16)] public ImmutableArray<ushort>? Dividends { get; init; }

    [Id(17)] public ImmutableArray<long>? Emission { get; init; }

    [Id(18)] public ImmutableArray<ushort>? ValidatorTrust { get; init; }

    [Id(19)] public ImmutableArray<bool>? ValidatorPermit { get; init; }

    [Id(20)] public ImmutableArray<long>? LastUpdate { get; init; }

    [Id(21)] public ImmutableArray<bool>? Active { get; init; }

    [Id(22)] public ImmutableArray<long>? RegisteredAt { get; init; }

    [Id(23)] public ImmutableArray<ushort>? PruningScore { get; init; }

    [Id(24)] public ImmutableArray<AxonInfo?>? Axons { get; init; }

    [Id(25)] public ImmutableArray<SparseRow>? Weights { get; init; }

    [Id(26)] public ImmutableArray<SparseRow>? Bonds { get; init; }
}
