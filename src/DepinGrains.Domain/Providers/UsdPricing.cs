using System.Collections.Immutable;
using System.Numerics;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Providers;

/// <summary>
/// Prices in US dollars a month turned into a rate per block: Akash's generic price script as a declarative policy, digit for digit (helm-charts
/// charts/akash-provider/scripts/price_script_generic.sh). Sizes are rounded to 12 decimals of a GB, divisions truncate at 20; endpoints and leased addresses count once
/// per unit whatever its replicas, and a storage class without a price is free, as there.
/// </summary>
public static class UsdPricing
{
    /// <summary>Blocks in a month of 30.437 days at 6.117 s.</summary>
    public const long BlocksPerMonth = 429_909;

    private const int PlacesMax = 8;

    private const int UnitsMax = 20;

    /// <summary>Akash's defaults.</summary>
    public static PricingPolicy Default { get; } = new(
        "1.60",
        "0.80",
        [new("ephemeral", "0.02"), new("beta1", "0.01"), new("beta2", "0.03"), new("beta3", "0.04")],
        "0.05",
        "5",
        []);

    /// <summary>Null for a policy that can be evaluated; else <c>provider.pricing_invalid</c> with the field.</summary>
    public static Refusal? WhyInvalid(PricingPolicy policy)
    {
        if (policy.StorageUsd.Length > 32 || policy.GpuUsd.Length > 500)
        {
            return PricingErrors.PolicyInvalid("the number of entries", "too many");
        }

        var fields = policy.StorageUsd.Select(static f => ("storage " + f.Name, f.Value)).Concat(policy.GpuUsd.Select(static f => ("gpu " + f.Name, f.Value)));
        foreach (var (name, text) in fields.Prepend(("ip", policy.IpUsd)).Prepend(("endpoint", policy.EndpointUsd)).Prepend(("memory", policy.MemoryUsd)).Prepend(("cpu", policy.CpuUsd)))
        {
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            if (!Decimal20.TryParse(text, out var value) || (dot >= 0 && text.Length - dot - 1 > PlacesMax) || !(value < Decimal20.Of(1_000_000_000)))
            {
                return PricingErrors.PolicyInvalid(name, text);
            }
        }

        return null;
    }

    /// <summary>The price of an order.</summary>
    /// <param name="usdPerToken">US dollars for one whole token (10⁶ minor units) of <see cref="PriceTerms.Denom"/>, or null for a token worth one dollar.</param>
    /// <returns><c>market.price_above_ceiling</c> with the price, <c>market.denom_unpriced</c>, <c>market.price_zero</c>, <c>provider.pricing_invalid</c>, <c>market.price_request_invalid</c>.</returns>
    public static Result<PriceQuote> Quote(PricingPolicy policy, ImmutableArray<PricedUnit> units, PriceTerms terms, string? usdPerToken) =>
        Evaluate(new UsdRates(policy), new UsdDemand(units), terms, usdPerToken, lines: true);

    /// <summary>The same for a policy and an order that were read before: many providers are asked for one order, and a provider for many.</summary>
    /// <param name="lines">Whether the quote says what each resource costs; false saves most of the work.</param>
    internal static Result<PriceQuote> Evaluate(UsdRates rates, UsdDemand demand, PriceTerms terms, string? usdPerToken, bool lines)
    {
        if ((rates.Invalid ?? PricedUnits.WhyInvalid(demand.Units, terms, UnitsMax)) is { } invalid)
        {
            return invalid;
        }

        Decimal20? usd = null;
        if (usdPerToken is not null)
        {
            if (!Decimal20.TryParse(usdPerToken, out var price) || price.Units.IsZero)
            {
                return PricingErrors.DenomUnpriced(terms.Denom);
            }

            usd = price;
        }

        var perBlock = PerBlock(rates.Monthly(demand), usd);
        // The script compares the rounded rate of dollar tokens, but AKT's before rounding.
        var compared = usd is null ? perBlock.Round(terms.Precision) : perBlock;
        var amount = perBlock.Format(terms.Precision);
        if (compared > Decimal20.Of(terms.Ceiling))
        {
            return PricingErrors.AboveCeiling(amount, terms);
        }

        if (perBlock.Round(terms.Precision).Units.IsZero)
        {
            return PricingErrors.PriceZero();
        }

        return new PriceQuote(
            terms.Denom,
            amount,
            lines ? [.. rates.Costs(demand).Where(static c => !c.Usd.Units.IsZero).Select(c => new PriceLine(c.Resource, c.Quantity.ToString(), c.Each, PerBlock(c.Usd, usd).ToString()))] : []);
    }

    private static Decimal20 PerBlock(Decimal20 usdPerMonth, Decimal20? usdPerToken) => usdPerToken is { } price
        ? usdPerMonth / price * 1_000_000 / BlocksPerMonth
        : usdPerMonth / BlocksPerMonth * 1_000_000;

    internal static string ClassOf(VolumeDemand volume) => volume.Class.Length > 0 ? volume.Class : volume.Persistent ? StorageClasses.Default : StorageClasses.Ephemeral;
}
