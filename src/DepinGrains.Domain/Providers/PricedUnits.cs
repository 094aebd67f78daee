using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Providers;

/// <summary>Bounds of what a price is asked for.</summary>
internal static class PricedUnits
{
    public static Refusal? WhyInvalid(ImmutableArray<PricedUnit> units, PriceTerms terms, int unitsMax)
    {
        if (units.IsDefaultOrEmpty || units.Length > unitsMax)
        {
            return PricingErrors.RequestInvalid($"an order has 1 to {unitsMax} units");
        }

        if (terms.Precision is < 0 or > 18)
        {
            return PricingErrors.RequestInvalid($"precision is 0 to 18, not {terms.Precision}");
        }

        return units.Any(static u => u.Count < 0 || u.CpuMilli < 0 || u.MemoryBytes < 0 || u.Gpus < 0 || u.Endpoints < 0 || u.LeasedIps < 0 || u.Volumes.Any(static v => v.Bytes < 0))
            ? PricingErrors.RequestInvalid("an amount is negative")
            : null;
    }
}
