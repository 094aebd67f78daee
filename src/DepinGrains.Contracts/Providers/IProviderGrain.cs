using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Providers;

/// <summary>A seller of hardware; key = the identity id that owns it.</summary>
[Alias("depin.provider.grain")]
public interface IProviderGrain : IGrainWithStringKey
{
    /// <summary>Registers the provider or replaces its profile. Auditors' signatures on attributes that did not change stay.</summary>
    /// <param name="ifVersion">Refused with <c>request.version_mismatch</c> when the provider has another version (0: there is none); null: whatever it has.</param>
    [Alias("put")]
    Task<Result<ProviderView>> PutAsync(string operationId, ProviderProfile profile, long? ifVersion = null);

    /// <summary>The provider, or <c>provider.not_found</c>.</summary>
    [Alias("get")]
    Task<Result<ProviderView>> GetAsync();

    /// <summary>Stops or resumes bidding.</summary>
    [Alias("maintenance")]
    Task<Result<ProviderView>> SetMaintenanceAsync(string operationId, bool on);

    /// <summary>An auditor vouches for attributes exactly as they stand; refused when the provider does not declare them so. Signed again they hold anew.</summary>
    /// <param name="validity">How long it holds; null: as long as the network's default.</param>
    [Alias("sign")]
    Task<Result<ProviderView>> SignAttributesAsync(string operationId, string auditor, ImmutableArray<Fact> attributes, TimeSpan? validity = null);

    /// <summary>An auditor takes its word back, on attributes of these names (none: on all); leases that run go on. Refused with <c>provider.signature_not_found</c> when it signed none of them.</summary>
    [Alias("unsign")]
    Task<Result<ProviderView>> WithdrawSignaturesAsync(string operationId, string auditor, ImmutableArray<string> names);

    /// <summary>The provider takes out all of an auditor's signatures and takes no more of them, or takes them again.</summary>
    [Alias("decline")]
    Task<Result<ProviderView>> DeclineAuditorAsync(string operationId, string auditor, bool declined);

    /// <summary>Issues a one-time token with which one node may join.</summary>
    [Alias("joinToken")]
    Task<Result<JoinToken>> CreateJoinTokenAsync(string operationId, TimeSpan lifetime);

    /// <summary>Uses up a join token for a node key; the same key may use it again (a retry), another may not.</summary>
    [Alias("redeem")]
    Task<Result<Done>> RedeemJoinTokenAsync(string token, string nodeId);

    /// <summary>Takes the provider out: <c>provider.has_leases</c> while it has leases that are not closed, <c>provider.has_bids</c> while it has open bids.</summary>
    [Alias("delete")]
    Task<Result<Done>> DeleteAsync(string operationId);

    /// <summary>A lease of the provider has ended: counted once per lease in its score.</summary>
    /// <param name="reason">Its close reason.</param>
    /// <param name="ran">How long it was open.</param>
    [Alias("leaseEnded")]
    Task<Result<Done>> LeaseEndedAsync(string lease, int reason, TimeSpan ran);
}

/// <summary>What a provider says of itself. Attribute keys follow <c>^[a-zA-Z][a-zA-Z0-9_/.\-]{1,126}[a-zA-Z0-9_*]?$</c>.</summary>
/// <param name="Pricing">Prices in dollars; null together with <paramref name="Scale"/>: the provider bids by itself (external), not managed.</param>
/// <param name="Scale">Prices in minor units per block instead of <paramref name="Pricing"/>; never both.</param>
/// <param name="ReclaimWindowSeconds">The notice its managed bids offer to orders that ask for one, seconds; 0 = none.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.profile.v1")]
public sealed record ProviderProfile(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<Fact> Attributes,
    [property: Id(2)] PricingPolicy? Pricing,
    [property: Id(3)] string HostUri,
    [property: Id(4)] ScalePricing? Scale = null,
    [property: Id(5)] long ReclaimWindowSeconds = 0)
{
    /// <summary>True when the network bids by the provider's prices.</summary>
    public bool Managed => Pricing is not null || Scale is not null;
}

/// <summary>Declarative prices, in US dollars a month per unit, as decimal text; evaluated in the backend for managed bidding.</summary>
/// <param name="CpuUsd">Per CPU thread.</param>
/// <param name="MemoryUsd">Per GB (2^30).</param>
/// <param name="StorageUsd">Per GB by class: <c>ephemeral</c>, <c>beta1</c>, <c>beta2</c>, <c>beta3</c>.</param>
/// <param name="EndpointUsd">Per endpoint.</param>
/// <param name="IpUsd">Per leased IP.</param>
/// <param name="GpuUsd">By <c>model[.ram][.interface]</c>; the most exact key wins, else the highest (at least 100).</param>
[GenerateSerializer, Immutable, Alias("depin.provider.pricing.v1")]
public sealed record PricingPolicy(
    [property: Id(0)] string CpuUsd,
    [property: Id(1)] string MemoryUsd,
    [property: Id(2)] ImmutableArray<Fact> StorageUsd,
    [property: Id(3)] string EndpointUsd,
    [property: Id(4)] string IpUsd,
    [property: Id(5)] ImmutableArray<Fact> GpuUsd);

/// <summary>A provider as anyone may see it.</summary>
/// <param name="Score">Decides between bids of one price: plus 1 for each lease that ran an hour or longer until its tenant or the network ended it, minus 10 for each that the provider ended or lost with a node; −1,000 to 1,000.</param>
[GenerateSerializer, Immutable, Alias("depin.provider.view.v1")]
public sealed record ProviderView(
    [property: Id(0)] string Id,
    [property: Id(1)] ProviderProfile Profile,
    [property: Id(2)] bool Maintenance,
    [property: Id(3)] ImmutableArray<AttributeSignature> Signatures,
    [property: Id(4)] long Score,
    [property: Id(5)] DateTimeOffset RegisteredAt,
    [property: Id(6)] long Version);

/// <summary>An auditor's word on one attribute, bound to its value.</summary>
/// <param name="ExpiresAt">It counts for orders before then; null: until it is withdrawn (signatures of before there was an expiry).</param>
[GenerateSerializer, Immutable, Alias("depin.provider.signature.v1")]
public sealed record AttributeSignature(
    [property: Id(0)] string Auditor,
    [property: Id(1)] string Name,
    [property: Id(2)] string Value,
    [property: Id(3)] DateTimeOffset At,
    [property: Id(4)] DateTimeOffset? ExpiresAt = null);

/// <summary>A one-time token, shown once.</summary>
[GenerateSerializer, Immutable, Alias("depin.provider.join_token.v1")]
public sealed record JoinToken([property: Id(0)] string Token, [property: Id(1)] DateTimeOffset ExpiresAt);
