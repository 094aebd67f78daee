using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments;

/// <summary>What an update asks for that the order was not made for.</summary>
/// <param name="Field">E.g. <c>web.memory</c>: unit or group, and what of it.</param>
/// <param name="Wanted">What the new SDL asks for.</param>
/// <param name="Had">What the order was made for.</param>
public sealed record DemandChange(string Field, string Wanted, string Had)
{
    /// <summary>The first difference between two versions of a group, or null when it asks for the same.</summary>
    public static DemandChange? Of(GroupSpec wanted, GroupSpec had) =>
        Differ("name", wanted.Name, had.Name)
        ?? Differ($"{had.Name}.attributes", Text(wanted.Requirements.Attributes), Text(had.Requirements.Attributes))
        ?? Differ($"{had.Name}.signedBy.allOf", Text(wanted.Requirements.SignedBy.AllOf), Text(had.Requirements.SignedBy.AllOf))
        ?? Differ($"{had.Name}.signedBy.anyOf", Text(wanted.Requirements.SignedBy.AnyOf), Text(had.Requirements.SignedBy.AnyOf))
        ?? Differ($"{had.Name}.units", wanted.Units.Length, had.Units.Length)
        ?? wanted.Units.Zip(had.Units).Select(u => Of($"{had.Name}.unit {u.Second.Resources.Id}", u.First, u.Second)).FirstOrDefault(static d => d is not null);

    /// <summary>A difference, or null.</summary>
    public static DemandChange? Differ(string field, object wanted, object had) =>
        Equals(wanted, had) ? null : new DemandChange(field, $"{wanted}", $"{had}");

    /// <summary>Slots that shall now share a node and were free of each other when the order was placed; fewer ties are no change.</summary>
    /// <param name="slots">Each slot's key and the set it is in now and was in then; 0 = none.</param>
    public static DemandChange? Apart(string group, ImmutableArray<(string Key, int Now, int Then)> slots) =>
        slots.Where(static s => s.Now > 0).GroupBy(static s => s.Now).FirstOrDefault(static set => set.Any(static s => s.Then == 0) || set.Select(static s => s.Then).Distinct().Count() > 1) is { } set
            ? new DemandChange($"{group}.services on one node", string.Join(", ", set.Select(static s => s.Key)), "placed freely")
            : null;

    private static DemandChange? Of(string unit, ResourceUnit wanted, ResourceUnit had)
    {
        var (w, h) = (wanted.Resources, had.Resources);
        return Differ($"{unit}.id", w.Id, h.Id)
            ?? Differ($"{unit}.count", wanted.Count, had.Count)
            ?? Differ($"{unit}.price", $"{wanted.Price.Amount} {wanted.Price.Denom}", $"{had.Price.Amount} {had.Price.Denom}")
            ?? Differ($"{unit}.cpu", w.CpuMilli, h.CpuMilli)
            ?? Differ($"{unit}.cpu attributes", Text(w.CpuAttributes), Text(h.CpuAttributes))
            ?? Differ($"{unit}.memory", w.MemoryBytes, h.MemoryBytes)
            ?? Differ($"{unit}.gpu", w.GpuUnits, h.GpuUnits)
            ?? Differ($"{unit}.gpu attributes", Text(w.GpuAttributes), Text(h.GpuAttributes))
            ?? Differ($"{unit}.storage", Text(w.Storage), Text(h.Storage))
            ?? Differ($"{unit}.endpoints", Text(w.Endpoints), Text(h.Endpoints));
    }

    private static string Text(ImmutableArray<SpecAttribute> attributes) => string.Join(", ", attributes.Select(static a => $"{a.Key}={a.Value}"));

    private static string Text(ImmutableArray<string> texts) => string.Join(", ", texts);

    private static string Text(ImmutableArray<StorageVolume> volumes) => string.Join(", ", volumes.Select(static v => $"{v.Name} {v.Bytes} ({Text(v.Attributes)})"));

    private static string Text(ImmutableArray<SpecEndpoint> endpoints) => string.Join(", ", endpoints.Select(static e => $"{e.Kind} {e.SequenceNumber}"));
}
