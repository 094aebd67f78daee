using System.Collections.Immutable;

namespace DepinGrains.Contracts.Providers;

/// <summary>What one resource adds to a price.</summary>
/// <param name="Resource"><c>cpu</c>, <c>memory</c>, <c>storage/CLASS</c>, <c>endpoint</c>, <c>ip</c>, <c>gpu/KEY</c>.</param>
/// <param name="Quantity">Decimal text: threads, GB (2^30) or MiB, pieces.</param>
/// <param name="UnitPrice">Decimal text, in the policy's own unit (USD a month, or minor units a block).</param>
/// <param name="PerBlock">Minor units per block, decimal text.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.price_line.v1")]
public sealed record PriceLine(
    [property: Id(0)] string Resource,
    [property: Id(1)] string Quantity,
    [property: Id(2)] string UnitPrice,
    [property: Id(3)] string PerBlock);

/// <summary>A price with how it came about.</summary>
/// <param name="Amount">Minor units of <paramref name="Denom"/> per block, decimal text, rounded to the order's precision.</param>
/// <param name="Lines">One line per resource that costs something; they add up to the amount but for rounding.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.price_quote.v1")]
public sealed record PriceQuote(
    [property: Id(0)] string Denom,
    [property: Id(1)] string Amount,
    [property: Id(2)] ImmutableArray<PriceLine> Lines);
