using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Deployments;

/// <summary>What follows from a group for its orders: ceiling, requirements, demand, priced units.</summary>
public static class OrderTerms
{
    /// <summary>Most per block for the whole group: Σ unit price × count; <c>order.price_invalid</c> when that is zero, too large, or in several currencies.</summary>
    public static Result<Rate> Ceiling(GroupSpec group)
    {
        Int128 sum = 0;
        foreach (var unit in group.Units)
        {
            var atoms = unit.Price.ScaledE18;
            if (unit.Count < 0 || unit.Price.Denom != group.Units[0].Price.Denom || atoms > Rate.Max.Atoms || (unit.Count > 0 && atoms > (Rate.Max.Atoms - sum) / unit.Count))
            {
                return Refusal.Of("order.price_invalid", $"group {group.Name}: prices share one currency and sum to at most {Rate.Max} a block", ("group", group.Name), ("max", Rate.Max));
            }

            sum += atoms * unit.Count;
        }

        return sum > 0 ? new Rate(sum) : Refusal.Of("order.price_invalid", $"group {group.Name}: the ceiling is zero", ("group", group.Name));
    }

    /// <summary>The group's requirements in the form matching takes.</summary>
    public static ProviderRequirements Requirements(GroupSpec group) => new(
        [.. group.Requirements.Attributes.Select(static a => new Fact(a.Key, a.Value))],
        group.Requirements.SignedBy.AllOf,
        group.Requirements.SignedBy.AnyOf);

    /// <summary>The group's units in the form packing takes; every endpoint that is not a leased address needs a host port.</summary>
    public static ImmutableArray<UnitDemand> Demand(GroupSpec group) =>
    [
        .. group.Units.Select(static u => new UnitDemand(
            u.Resources.Id,
            u.Resources.CpuMilli,
            u.Resources.MemoryBytes,
            Volumes(u.Resources),
            (int)Math.Min(u.Resources.GpuUnits, int.MaxValue),
            [.. u.Resources.GpuAttributes.Select(static a => a.Key)],
            u.Count,
            u.Resources.Endpoints.Count(static e => e.Kind != EndpointKind.LeasedIp),
            LeasedIps(u.Resources))),
    ];

    /// <summary>The group's units in the form pricing takes; as in Akash's provider, endpoints count leased addresses too.</summary>
    public static ImmutableArray<PricedUnit> Priced(GroupSpec group) =>
    [
        .. group.Units.Select(static u => new PricedUnit(
            u.Resources.CpuMilli,
            u.Resources.MemoryBytes,
            Volumes(u.Resources),
            (int)Math.Min(u.Resources.GpuUnits, int.MaxValue),
            [.. u.Resources.GpuAttributes.Select(static a => a.Key)],
            u.Count,
            u.Resources.Endpoints.Length,
            LeasedIps(u.Resources).Length)),
    ];

    private static ImmutableArray<VolumeDemand> Volumes(UnitResources resources) =>
        [.. resources.Storage.Select(static v => new VolumeDemand(v.Name, v.Bytes, v.Class, v.Persistent))];

    private static ImmutableArray<int> LeasedIps(UnitResources resources) =>
        [.. resources.Endpoints.Where(static e => e.Kind == EndpointKind.LeasedIp).Select(static e => e.SequenceNumber).Distinct()];
}
