using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Providers;

/// <summary>Declarative prices in minor units per block and unit, as decimal text (Akash's <c>scale</c> strategy, and prices for cards).</summary>
/// <param name="CpuPerMilli">Per thousandth of a core.</param>
/// <param name="MemoryPerMiB">Per 2^20 bytes.</param>
/// <param name="StoragePerMiB">Per 2^20 bytes by class; a class not in it is not sold.</param>
/// <param name="Endpoint">Per endpoint, whatever the replicas.</param>
/// <param name="Ip">Per leased address, whatever the replicas.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.scale_pricing.v1")]
public sealed record ScalePricing(
    [property: Id(0)] string CpuPerMilli,
    [property: Id(1)] string MemoryPerMiB,
    [property: Id(2)] ImmutableArray<Fact> StoragePerMiB,
    [property: Id(3)] string Endpoint,
    [property: Id(4)] string Ip)
{
    /// <summary>Per card by <c>model[.ram][.interface]</c>, the most exact key wins; a card without a price is not sold. Empty: cards cost nothing, as on Akash.</summary>
    [Id(5)]
    public ImmutableArray<Fact> GpuPerCard { get; init; } = [];
}
