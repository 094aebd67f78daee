using System.Collections.Immutable;
using System.Numerics;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Providers;

/// <summary>
/// Akash's <c>scale</c> strategy with exact decimals: Σ quantity × price. Sizes in MiB are rounded half up to 16 decimals, the sum to 18. Replicas multiply CPU, memory
/// and storage, not endpoints or leased addresses. Cards are free, as there, unless the policy has prices for cards: then one it does not name is not sold. Zero is no bid, and so is a storage class without a price.
/// </summary>
public static class ScalePolicy
{
    private const int MiBPlaces = 16;

    private const int UnitsMax = 20;

    /// <summary>Null for a policy that can be evaluated; else <c>provider.pricing_invalid</c>, also when every price is zero.</summary>
    public static Refusal? WhyInvalid(ScalePricing policy)
    {
        if (policy.StoragePerMiB.Length > 32 || policy.GpuPerCard.Length > 500)
        {
            return PricingErrors.PolicyInvalid("the number of entries", "too many");
        }

        var any = false;
        foreach (var (name, text) in Fields(policy))
        {
            if (!Decimal20.TryParse(text, out var value) || !(value < Decimal20.Of(1_000_000_000_000)))
            {
                return PricingErrors.PolicyInvalid(name, text);
            }

            any |= !value.Units.IsZero;
        }

        return any ? null : PricingErrors.PolicyInvalid("every price", "0");
    }

    /// <summary>The price of an order.</summary>
    /// <returns>Refusals as <see cref="UsdPricing.Quote"/>, <c>market.storage_class_unpriced</c>, <c>market.gpu_unpriced</c>.</returns>
    public static Result<PriceQuote> Quote(ScalePricing policy, ImmutableArray<PricedUnit> units, PriceTerms terms)
    {
        if ((WhyInvalid(policy) ?? PricedUnits.WhyInvalid(units, terms, UnitsMax)) is { } invalid)
        {
            return invalid;
        }

        var lines = ImmutableArray.CreateBuilder<PriceLine>();
        var total = Add(lines, "cpu", Sum(units, static u => u.CpuMilli), 1, policy.CpuPerMilli);
        total += Add(lines, "memory", Sum(units, static u => u.MemoryBytes), 1 << 20, policy.MemoryPerMiB);
        foreach (var group in units.SelectMany(static u => u.Volumes.Select(v => (Class: UsdPricing.ClassOf(v), Bytes: (BigInteger)v.Bytes * u.Count))).GroupBy(static v => v.Class, StringComparer.Ordinal))
        {
            if (policy.StoragePerMiB.FirstOrDefault(p => p.Name == group.Key) is not { Value: { } price })
            {
                return PricingErrors.StorageClassUnpriced(group.Key, string.Join(", ", policy.StoragePerMiB.Select(static p => p.Name).DefaultIfEmpty("none")));
            }

            total += Add(lines, "storage/" + group.Key, group.Aggregate(BigInteger.Zero, static (sum, v) => sum + v.Bytes), 1 << 20, price);
        }

        total += Add(lines, "endpoint", units.Sum(static u => (long)u.Endpoints), 1, policy.Endpoint);
        total += Add(lines, "ip", units.Sum(static u => (long)u.LeasedIps), 1, policy.Ip);
        if (!policy.GpuPerCard.IsEmpty)
        {
            var map = new GpuPriceMap(policy.GpuPerCard, atLeast: 0);
            foreach (var unit in units.Where(static u => u.Gpus > 0))
            {
                var (key, price) = map.Find(unit.GpuAttributes);
                if (key == GpuPriceMap.UnknownKey)
                {
                    return PricingErrors.GpuUnpriced(string.Join(" or ", unit.GpuAttributes.DefaultIfEmpty("any card")), string.Join(", ", policy.GpuPerCard.Select(static p => p.Name)));
                }

                total += Add(lines, "gpu/" + key, (BigInteger)unit.Gpus * unit.Count, 1, price.ToString());
            }
        }

        var rounded = total.Round(FixedPoint18.Decimals);
        if (rounded.Units.IsZero)
        {
            return PricingErrors.PriceZero();
        }

        var amount = rounded.ToString();
        return rounded > Decimal20.Of(terms.Ceiling) ? PricingErrors.AboveCeiling(amount, terms) : new PriceQuote(terms.Denom, amount, lines.DrainToImmutable());
    }

    private static IEnumerable<(string Name, string Text)> Fields(ScalePricing policy) =>
    [
        ("cpu", policy.CpuPerMilli), ("memory", policy.MemoryPerMiB), ("endpoint", policy.Endpoint), ("ip", policy.Ip), .. policy.StoragePerMiB.Select(static f => ("storage " + f.Name, f.Value)), .. policy.GpuPerCard.Select(static f => ("gpu " + f.Name, f.Value)),
    ];

    private static BigInteger Sum(ImmutableArray<PricedUnit> units, Func<PricedUnit, long> of) => units.Aggregate(BigInteger.Zero, (sum, u) => sum + ((BigInteger)of(u) * u.Count));

    private static Decimal20 Add(ImmutableArray<PriceLine>.Builder lines, string resource, BigInteger amount, long divisor, string each)
    {
        var quantity = Decimal20.Ratio(amount, divisor, MiBPlaces);
        var cost = quantity * Decimal20.Parse(each);
        if (!cost.Units.IsZero)
        {
            lines.Add(new PriceLine(resource, quantity.ToString(), each, cost.ToString()));
        }

        return cost;
    }
}
