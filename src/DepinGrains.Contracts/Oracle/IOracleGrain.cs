using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Oracle;

/// <summary>Prices of tokens in US dollars: who may post them and what is in force. Key = <see cref="OracleKeys.Network"/>.</summary>
[Alias("depin.oracle.grain")]
public interface IOracleGrain : IGrainWithStringKey
{
    /// <summary>Registers or removes a feeder. The gateway has verified the operator.</summary>
    [Alias("feeder")]
    Task<Result<OracleView>> SetFeederAsync(string operationId, string feeder, bool registered, string by);

    /// <summary>
    /// A registered feeder's price. <c>oracle.feeder_not_allowed</c>, <c>oracle.token_unknown</c>, <c>oracle.price_invalid</c>, <c>oracle.post_old</c>, <c>oracle.post_future</c>.
    /// A post far from the price in force is kept and takes the price out of force: see <c>oracle.price_moved</c>.
    /// </summary>
    [Alias("post")]
    Task<Result<PriceView>> PostAsync(string operationId, PostPrice command);

    /// <summary>
    /// An operator confirms a price that moved more than the guard allows, and names it: <c>oracle.price_differs</c> with both when feeders say another by now, <c>oracle.price_stale</c> when too few say any.
    /// </summary>
    /// <param name="usd">US dollars for one whole token, decimal text with at most 8 decimals.</param>
    [Alias("confirm")]
    Task<Result<PriceView>> ConfirmAsync(string operationId, string token, string usd, string by);

    /// <summary>The price in force, or why there is none.</summary>
    [Alias("price")]
    Task<Result<PriceView>> GetPriceAsync(string token);

    /// <summary>Feeders and all prices.</summary>
    [Alias("get")]
    Task<OracleView> GetAsync();
}

/// <summary>Key of the oracle's grain.</summary>
public static class OracleKeys
{
    /// <summary>The only key.</summary>
    public const string Network = "oracle";
}

/// <summary>A price to post.</summary>
/// <param name="Usd">US dollars for one whole token, decimal text with at most 8 decimals.</param>
/// <param name="ObservedAt">When it was seen; null = now.</param>
[GenerateSerializer, Immutable, Alias("depin.oracle.post.v1")]
public sealed record PostPrice(
    [property: Id(0)] string Token,
    [property: Id(1)] string Feeder,
    [property: Id(2)] string Usd,
    [property: Id(3)] DateTimeOffset? ObservedAt);

/// <summary>What a feeder said last.</summary>
[GenerateSerializer, Immutable, Alias("depin.oracle.feeder_price.v1")]
public sealed record FeederPriceView([property: Id(0)] string Feeder, [property: Id(1)] string Usd, [property: Id(2)] DateTimeOffset At);

/// <summary>The price of one token.</summary>
/// <param name="Usd">In force, US dollars for one whole token as decimal text; null when none is.</param>
/// <param name="PriceE8">The same times 10⁸, 0 when none is.</param>
/// <param name="Source"><c>feeders</c>, or <c>configuration</c> while the operator's seed holds because no feeder has posted.</param>
/// <param name="Problem">Why none is in force.</param>
[GenerateSerializer, Immutable, Alias("depin.oracle.price.v1")]
public sealed record PriceView(
    [property: Id(0)] string Token,
    [property: Id(1)] string? Usd,
    [property: Id(2)] long PriceE8,
    [property: Id(3)] DateTimeOffset? At,
    [property: Id(4)] string Source,
    [property: Id(5)] ImmutableArray<FeederPriceView> Feeders,
    [property: Id(6)] Refusal? Problem);

/// <summary>The oracle.</summary>
[GenerateSerializer, Immutable, Alias("depin.oracle.view.v1")]
public sealed record OracleView([property: Id(0)] ImmutableArray<string> Feeders, [property: Id(1)] ImmutableArray<PriceView> Prices);
