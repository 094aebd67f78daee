using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Deployments;

/// <summary>A resource offer names each unit of the order once, with its count, and at least its sizes (Akash leaves the sizes unchecked).</summary>
internal static class OfferChecks
{
    public static Refusal? WhyNot(ImmutableArray<OfferedUnit> offer, GroupSpec group)
    {
        if (offer.IsDefaultOrEmpty)
        {
            return null;
        }

        if (offer.Length != group.Units.Length)
        {
            return Invalid(0, "units", group.Units.Length, offer.Length);
        }

        var seen = new HashSet<int>();
        foreach (var offered in offer)
        {
            var asked = group.Units.FirstOrDefault(u => u.Resources.Id == offered.Id);
            if (asked is null || !seen.Add(offered.Id))
            {
                return Invalid(offered.Id, "id", "each unit once", offered.Id);
            }

            if (asked.Count != offered.Count)
            {
                return Invalid(offered.Id, "count", asked.Count, offered.Count);
            }

            if (TooSmall(asked.Resources, offered.Resources) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Refusal? TooSmall(UnitResources asked, UnitResources offered)
    {
        if (offered.CpuMilli < asked.CpuMilli)
        {
            return Invalid(asked.Id, "cpu", asked.CpuMilli, offered.CpuMilli);
        }

        if (offered.GpuUnits < asked.GpuUnits)
        {
            return Invalid(asked.Id, "gpu", asked.GpuUnits, offered.GpuUnits);
        }

        if (offered.MemoryBytes < asked.MemoryBytes)
        {
            return Invalid(asked.Id, "memory", asked.MemoryBytes, offered.MemoryBytes);
        }

        foreach (var volume in asked.Storage)
        {
            var match = offered.Storage.IsDefault ? null : offered.Storage.FirstOrDefault(v => v.Name == volume.Name);
            if (match is null || match.Class != volume.Class || match.Persistent != volume.Persistent || match.Bytes < volume.Bytes)
            {
                return Invalid(asked.Id, "storage " + volume.Name, $"{volume.Bytes} {volume.Class}", match is null ? "none" : $"{match.Bytes} {match.Class}");
            }
        }

        return asked.GpuUnits == 0 || offered.GpuAttributes.IsDefaultOrEmpty || offered.GpuAttributes.All(o => asked.GpuAttributes.Any(a => Covers(a.Key, o.Key)))
            ? null
            : Invalid(asked.Id, "gpu model", string.Join(" or ", asked.GpuAttributes.Select(static a => a.Key)), string.Join(" or ", offered.GpuAttributes.Select(static a => a.Key)));
    }

    /// <summary>An offered card is at least as exact as the one asked for.</summary>
    private static bool Covers(string asked, string offered) =>
        GpuSelector.TryParse(asked, out var a) && GpuSelector.TryParse(offered, out var o) &&
        a.Vendor == o.Vendor && (a.IsWildcard || a.Model == o.Model) && (a.RamBytes is null || a.RamBytes == o.RamBytes) && (a.Interface is null || a.Interface == o.Interface);

    private static Refusal Invalid(int unit, string what, object wanted, object had) =>
        Refusal.Of("bid.offer_invalid", $"offer, unit {unit}, {what}: wanted {wanted}, had {had}", ("unit", unit), ("what", what), ("wanted", wanted), ("had", had));
}
