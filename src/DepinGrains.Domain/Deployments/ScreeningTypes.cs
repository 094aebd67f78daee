using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Deployments;

/// <summary>An order as screening sees it.</summary>
/// <param name="Slots">One per replica of each service, named <c>service/replica</c>.</param>
/// <param name="UsdPerToken">Dollars for one whole token of <paramref name="Denom"/>, decimal text; null for a token worth one dollar.</param>
/// <param name="ReclaimMinSeconds">The tenant's smallest reclamation window, 0 = none asked.</param>
public sealed record ScreenedOrder(
    GroupSpec Group,
    ImmutableArray<DemandSlot> Slots,
    string Denom,
    Rate Ceiling,
    string? UsdPerToken,
    long ReclaimMinSeconds = 0,
    int Precision = 6)
{
    /// <summary>Why no dollar price of the token is in force: then nobody who prices in dollars bids.</summary>
    public Refusal? Unpriced { get; init; }

    /// <summary>Of each slot the set whose slots share a node, 0 or less = anywhere; default: all anywhere.</summary>
    public ImmutableArray<int> Together { get; init; }

    private GroupTerms? _terms;

    /// <summary>What follows from the group, the same for all providers that are screened.</summary>
    internal GroupTerms Terms => _terms is { } known && ReferenceEquals(known.Group, Group) ? known : _terms = new GroupTerms(Group);

    internal sealed class GroupTerms(GroupSpec group)
    {
        public GroupSpec Group => group;

        public ProviderRequirements Requirements { get; } = OrderTerms.Requirements(group);

        public ImmutableArray<PricedUnit> Priced { get; } = OrderTerms.Priced(group);

        public UsdDemand Demand => _demand ??= new UsdDemand(Priced);

        private UsdDemand? _demand;

        public int LeasedIps { get; } = OrderTerms.Demand(group).SelectMany(static u => u.LeasedIps).Distinct().Count();
    }
}

/// <summary>A provider's node as the market index knows it.</summary>
public sealed record ScreenedNode(string Id, NodeStatus Status, FreeCapacity Free, Overcommit Overcommit = default, ImmutableArray<string> Executors = default);

/// <summary>A provider as the market index knows it.</summary>
/// <param name="Ips">Addresses it leases, null for none.</param>
/// <param name="ReclaimWindowSeconds">The reclamation window its managed bids offer, 0 = none.</param>
/// <param name="Scale">Scale prices instead of the profile's dollar prices.</param>
public sealed record ScreenedProvider(
    string Id,
    ProviderProfile Profile,
    ImmutableArray<AttributeSignature> Signatures,
    bool Maintenance,
    long Score,
    ImmutableArray<ScreenedNode> Nodes,
    IpPool? Ips = null,
    long ReclaimWindowSeconds = 0,
    ScalePricing? Scale = null)
{
    /// <summary>Shared with copies.</summary>
    private readonly StrongBox<UsdRates?> _rates = new();

    /// <summary>The policy's numbers, read once for all orders; a copy with another policy reads its own.</summary>
    internal UsdRates RatesOf(PricingPolicy policy) => _rates.Value is { } known && ReferenceEquals(known.Policy, policy) ? known : _rates.Value = new UsdRates(policy);
}

/// <summary>What a provider would ask, before anybody looks for room.</summary>
/// <param name="Price">Null: it makes no managed bid.</param>
/// <param name="Rule">The rule that says no; null with a price, and of who bids by itself.</param>
public readonly record struct ProviderPrice(Rate? Price, string? Rule);

/// <summary>What screening found for one provider.</summary>
/// <param name="External">It bids by itself: no price is computed here; <paramref name="Verdicts"/> still say what would stop it.</param>
/// <param name="Quote">The managed bid's price, of scale prices alone with its lines, or null when it does not bid.</param>
/// <param name="Placements">Where the slots would go; the nodes' books decide.</param>
/// <param name="Verdicts">Why it does not bid, or (when it bids) why some of its nodes were passed over.</param>
public sealed record ProviderScreening(
    string Provider,
    long Score,
    bool External,
    PriceQuote? Quote,
    ImmutableArray<NodePlacement> Placements,
    ImmutableArray<ScreeningVerdict> Verdicts)
{
    /// <summary>True when a managed bid can be made.</summary>
    public bool Bids => Quote is not null;

    /// <summary>The price of the managed bid.</summary>
    public Rate Price => Quote is { } quote ? Rate.Parse(quote.Amount) : throw new InvalidOperationException($"{Provider} does not bid");
}
