using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Deployments;

/// <summary>Short forms for orders and bids.</summary>
internal static class Orders
{
    public static ResourceUnit Unit(int id = 1, string price = "1000", int count = 1, string denom = "uact", long cpu = 1_000, long memory = 1L << 30, int gpus = 0, string[]? selectors = null, params StorageVolume[] storage)
    {
        Assert.True(UnitPrice.TryCreate(denom, price, out var unitPrice));
        return new ResourceUnit(
            new UnitResources(id, cpu, [], memory, [.. storage], gpus, [.. (selectors ?? []).Select(s => new SpecAttribute(s, "true"))], [new SpecEndpoint(EndpointKind.RandomPort, 0)]),
            count,
            unitPrice!);
    }

    public static StorageVolume Volume(string name = "default", long bytes = 1 << 29, string? storageClass = null) =>
        new(name, bytes, storageClass is null ? [] : [new SpecAttribute("class", storageClass), new SpecAttribute("persistent", "true")]);

    public static GroupSpec Group(params ImmutableArray<ResourceUnit> units) => new("g", new PlacementRequirements([], new SignedBy([], [])), units.IsDefaultOrEmpty ? [Unit()] : units);

    public static GroupSpec Requiring(this GroupSpec group, params (string Key, string Value)[] attributes) =>
        group with { Requirements = group.Requirements with { Attributes = [.. attributes.Select(a => new SpecAttribute(a.Key, a.Value))] } };

    public static BidOrder Order(GroupSpec? group = null, OrderStatus? status = OrderStatus.Open, string ceiling = "1000", long reclaimMin = 0, params ImmutableArray<EarlierBid> bids) =>
        new(status, group ?? Group(), Rate.Parse(ceiling), "uact", reclaimMin, bids.IsDefault ? [] : bids);

    public static BidCandidate Bid(string provider = "p", string price = "900", string denom = "uact", long deposit = 500_000, string depositDenom = "uact", int bseq = 0, ImmutableArray<OfferedUnit>? offer = null, long reclaim = 0) =>
        new(provider, Rate.Parse(price), denom, deposit, depositDenom, bseq, offer ?? [], reclaim);

    public static Bidder Bidder(bool registered = true, bool maintenance = false, ImmutableArray<Fact>? attributes = null, long found = long.MaxValue, bool capabilities = true) =>
        new(registered, maintenance, attributes ?? [], ImmutableArray<AttributeSignature>.Empty, found, capabilities);
}
