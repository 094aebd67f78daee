using System.Collections.Immutable;

namespace DepinGrains.Contracts.Emissions;

/// <summary>Emission now.</summary>
/// <param name="Block">The block now.</param>
/// <param name="Issuance">Rao issued and not recycled.</param>
/// <param name="PerBlock">Rao the next block issues if every share has an owner.</param>
/// <param name="PerDay">The same in 7,200 blocks.</param>
/// <param name="Halvings">In force.</param>
/// <param name="Latched">Whether a halving once reached stays, even when recycling takes issuance below its threshold again (parameter <c>emission.latch</c>).</param>
/// <param name="Emitted">Rao issued by blocks so far.</param>
/// <param name="Recycled">Rao that came back so far.</param>
/// <param name="NextHalving">Null when emission has ended.</param>
/// <param name="Subnets">Shares in force with what is pending.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.view.v1")]
public sealed record EmissionView(
    [property: Id(0)] string Token,
    [property: Id(1)] long Block,
    [property: Id(2)] DateTimeOffset At,
    [property: Id(3)] long Issuance,
    [property: Id(4)] long Cap,
    [property: Id(5)] long PerBlock,
    [property: Id(6)] long PerDay,
    [property: Id(7)] int Halvings,
    [property: Id(8)] bool Latched,
    [property: Id(9)] long Emitted,
    [property: Id(10)] long Recycled,
    [property: Id(11)] HalvingOutlook? NextHalving,
    [property: Id(12)] string Strategy,
    [property: Id(13)] ImmutableArray<SubnetEmissionView> Subnets);

/// <summary>The next halving by how much may be recycled.</summary>
/// <param name="Halving">Its number, from 1.</param>
/// <param name="Threshold">Issuance that brings it, rao.</param>
/// <param name="Windows">How many windows of history it rests on; 0: nothing was observed and nothing recycled is assumed.</param>
/// <param name="Low">With as little recycled as in one window of ten: soonest.</param>
/// <param name="Likely">With the median.</param>
/// <param name="High">With as much as in one of ten: latest.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.outlook.v1")]
public sealed record HalvingOutlook(
    [property: Id(0)] int Halving,
    [property: Id(1)] long Threshold,
    [property: Id(2)] int Windows,
    [property: Id(3)] HalvingGuess Low,
    [property: Id(4)] HalvingGuess Likely,
    [property: Id(5)] HalvingGuess High);

/// <summary>One guess.</summary>
/// <param name="IssuedPerBlock">Rao per block assumed: the shares that have an owner.</param>
/// <param name="RecycledPerBlock">Rao per block assumed.</param>
/// <param name="Blocks">From now; null = never, issuance stays below the threshold.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.guess.v1")]
public sealed record HalvingGuess([property: Id(0)] long IssuedPerBlock, [property: Id(1)] long RecycledPerBlock, [property: Id(2)] long? Blocks, [property: Id(3)] DateTimeOffset? At);

/// <summary>A subnet's part.</summary>
/// <param name="PerBlock">Rao, the owner's cut included.</param>
/// <param name="Pending">Rao issued and not yet drawn by an epoch.</param>
/// <param name="DrawnEpoch">The last epoch that drew; null = none.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.subnet.v1")]
public sealed record SubnetEmissionView(
    [property: Id(0)] int Netuid,
    [property: Id(1)] long PerBlock,
    [property: Id(2)] int OwnerCut,
    [property: Id(3)] long Pending,
    [property: Id(4)] long? DrawnEpoch);

/// <summary>A point of the history, one per interval in which something was settled.</summary>
/// <param name="Block">Last block settled in it.</param>
/// <param name="Emitted">Rao issued by blocks so far.</param>
/// <param name="Recycled">Rao that came back so far.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.point.v1")]
public sealed record EmissionPoint(
    [property: Id(0)] long Block,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] long Issuance,
    [property: Id(3)] long PerBlock,
    [property: Id(4)] int Halvings,
    [property: Id(5)] long Emitted,
    [property: Id(6)] long Recycled);
