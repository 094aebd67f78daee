using System.Collections.Immutable;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Providers;

/// <summary>What a price is asked for: one resource unit of an order.</summary>
/// <param name="Gpus">Whole cards per replica.</param>
/// <param name="GpuAttributes">Any one of <c>vendor/nvidia/model/a100[/ram/80Gi][/interface/sxm]</c>.</param>
/// <param name="Endpoints">Endpoints of the unit (not per replica), leased addresses included.</param>
/// <param name="LeasedIps">Leased addresses of the unit (not per replica).</param>
public sealed record PricedUnit(
    long CpuMilli,
    long MemoryBytes,
    ImmutableArray<VolumeDemand> Volumes,
    int Gpus,
    ImmutableArray<string> GpuAttributes,
    int Count,
    int Endpoints,
    int LeasedIps);

/// <summary>What the price may be at most, and how exactly it is given.</summary>
/// <param name="Denom">Currency, minor units.</param>
/// <param name="Ceiling">Most the tenant pays per block for the whole order.</param>
/// <param name="Precision">Decimals of the answer, 0 to 18.</param>
public readonly record struct PriceTerms(string Denom, Escrow.Rate Ceiling, int Precision = 6);
