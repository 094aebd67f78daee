using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Subnets;

/// <summary>
/// Who gets how much of each block: the root's validators weigh the subnets (2024), or the moving averages of posted prices do (2025); which of them is the network's choice (<c>Subnets:Shares</c>). Shares are computed
/// at every multiple of <c>Subnets:RootTempo</c> blocks; the block is the key, late or doubled calls change nothing. One of it, key <see cref="SubnetKeys.Registry"/>.
/// </summary>
[Alias("depin.root_network.grain")]
public interface IRootNetworkGrain : IGrainWithStringKey
{
    /// <summary>A hotkey becomes one of the root's validators; at the limit it must have strictly more stake than the least of them, which leaves. <c>root.catching_up</c> (ask again), <c>root.not_owner</c>, <c>root.already_member</c>, <c>root.stake_too_low</c>.</summary>
    [Alias("register")]
    Task<Result<RootMember>> RegisterAsync(string operationId, string coldkey, string hotkey);

    /// <summary>A root validator weighs subnets; 0 is the root itself, whose share nobody gets. <c>root.not_owner</c>, <c>root.not_member</c>, <c>root.weights_invalid</c>.</summary>
    [Alias("setWeights")]
    Task<Result<RootMember>> SetWeightsAsync(string operationId, SetRootWeights command);

    /// <summary>An operator posts a subnet's price, Q32 TAO per unit of it. <c>root.price_invalid</c>, <c>subnet.not_found</c>.</summary>
    [Alias("postPrice")]
    Task<Result<SubnetPrice>> PostPriceAsync(string operationId, int netuid, long priceQ32);

    /// <summary>The root as it stands.</summary>
    [Alias("get")]
    Task<RootView> GetAsync();

    /// <summary>Computes what is due up to a block; epochs call it before they draw. False: the emission's clock is behind this one's, and does not know the block yet; ask again.</summary>
    [Alias("settle")]
    Task<bool> SettleAsync(long block);

    /// <summary>The sweep's call.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Weights over subnets, of any scale.</summary>
[GenerateSerializer, Immutable, Alias("depin.root_network.set_weights.v1")]
public sealed record SetRootWeights([property: Id(0)] string Signer, [property: Id(1)] string Hotkey, [property: Id(2)] ImmutableArray<int> Netuids, [property: Id(3)] ImmutableArray<ushort> Values);

/// <summary>One validator of the root with its weights over subnets.</summary>
/// <param name="Stake">Rao when shares were last computed.</param>
[GenerateSerializer, Immutable, Alias("depin.root_network.member.v1")]
public sealed record RootMember(
    [property: Id(0)] string Hotkey,
    [property: Id(1)] long Stake,
    [property: Id(2)] long RegisteredAt,
    [property: Id(3)] ImmutableArray<int> Netuids,
    [property: Id(4)] ImmutableArray<ushort> Values);

/// <summary>A subnet's posted price and its moving average, Q32.</summary>
[GenerateSerializer, Immutable, Alias("depin.root_network.price.v1")]
public sealed record SubnetPrice([property: Id(0)] int Netuid, [property: Id(1)] long Price, [property: Id(2)] long Average);

/// <summary>A subnet's share of each block in millionths, rounded down, for people; the emission has it exactly.</summary>
[GenerateSerializer, Immutable, Alias("depin.root_network.share.v1")]
public readonly record struct ShareView([property: Id(0)] int Netuid, [property: Id(1)] long Millionths);

/// <summary>The root.</summary>
/// <param name="Strategy"><c>root_weights</c>, <c>price_ema</c>, or <c>equal</c> while nobody of the root has stake and weights.</param>
/// <param name="SettledBlock">Block of the last computation.</param>
[GenerateSerializer, Immutable, Alias("depin.root_network.view.v1")]
public sealed record RootView(
    [property: Id(0)] string Strategy,
    [property: Id(1)] long SettledBlock,
    [property: Id(2)] ImmutableArray<RootMember> Members,
    [property: Id(3)] ImmutableArray<SubnetPrice> Prices,
    [property: Id(4)] ImmutableArray<ShareView> Shares);
