using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Providers;

/// <summary>Why a policy gives no price.</summary>
internal static class PricingErrors
{
    public static Refusal AboveCeiling(string price, PriceTerms terms) => Refusal.Of(
        "market.price_above_ceiling",
        $"requested rate is too low. min expected {price}{terms.Denom}",
        ("wanted", terms.Ceiling),
        ("had", price),
        ("denom", terms.Denom));

    public static Refusal DenomUnpriced(string denom) => Refusal.Of("market.denom_unpriced", $"no price of {denom} in USD is known", ("denom", denom));

    public static Refusal PriceZero() => Refusal.Of("market.price_zero", "the policy prices this order at zero; a bid must cost something");

    public static Refusal StorageClassUnpriced(string storageClass, string priced) => Refusal.Of(
        "market.storage_class_unpriced",
        $"storage class {storageClass} has no price; priced are {priced}",
        ("wanted", storageClass),
        ("had", priced));

    public static Refusal GpuUnpriced(string wanted, string priced) => Refusal.Of("market.gpu_unpriced", $"{wanted} has no price; priced are {priced}", ("wanted", wanted), ("had", priced));

    public static Refusal PolicyInvalid(string what, string value) => Refusal.Of(
        "provider.pricing_invalid",
        $"{what} is not a plain decimal of at most 8 places below one billion: {(value.Length <= 40 ? value : value[..40])}",
        ("field", what));

    public static Refusal RequestInvalid(string why) => Refusal.Of("market.price_request_invalid", why);
}
