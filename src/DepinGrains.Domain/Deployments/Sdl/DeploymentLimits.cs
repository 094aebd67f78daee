using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// What the network takes as a deployment. The SDL reader does not apply these, because Akash's own does not: an SDL may be valid and still ask for too much. Defaults are Akash's
/// (chain-sdk go/node/deployment/v1beta4/validation_config.go); replicas, groups and units per group are declared there but not enforced, here they are.
/// </summary>
public sealed record DeploymentLimits
{
    /// <summary>Akash's limits.</summary>
    public static readonly DeploymentLimits Default = new();

    public int MaxGroups { get; init; } = 20;

    public int MaxUnitsPerGroup { get; init; } = 20;

    /// <summary>Replicas of one unit.</summary>
    public int MaxReplicas { get; init; } = 50;

    /// <summary>Thousandths of a core of one replica.</summary>
    public long MinCpuMilli { get; init; } = 10;

    public long MaxCpuMilli { get; init; } = 384_000;

    public long MaxGpu { get; init; } = 24;

    /// <summary>Bytes of one replica.</summary>
    public long MinMemoryBytes { get; init; } = 1L << 20;

    public long MaxMemoryBytes { get; init; } = 2L << 40;

    /// <summary>Bytes of one volume.</summary>
    public long MinVolumeBytes { get; init; } = 5L << 20;

    public long MaxVolumeBytes { get; init; } = 32L << 40;

    /// <summary>Minor units per block of one replica; the price must be above zero.</summary>
    public long MaxPrice { get; init; } = 10_000_000;

    /// <summary>A group's total is at most this many times one replica's maximum, resource by resource.</summary>
    public int GroupFactor { get; init; } = 50;

    /// <summary>Shortest and longest reclamation window a tenant may ask for.</summary>
    public TimeSpan MinReclamationWindow { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan MaxReclamationWindow { get; init; } = TimeSpan.FromHours(720);

    /// <summary>Every limit of <see cref="Default"/> that is crossed; empty when none is.</summary>
    public static ImmutableArray<Refusal> Check(ImmutableArray<GroupSpec> groups, TimeSpan? reclamationMinWindow = null) => Default.Violations(groups, reclamationMinWindow);

    /// <summary>Every limit that is crossed; empty when none is.</summary>
    public ImmutableArray<Refusal> Violations(ImmutableArray<GroupSpec> groups, TimeSpan? reclamationMinWindow = null)
    {
        var refusals = ImmutableArray.CreateBuilder<Refusal>();
        Range(refusals, "deployment.group_count", "Groups", "", groups.Length, 1, MaxGroups);
        if (reclamationMinWindow is { } window && (window < MinReclamationWindow || window > MaxReclamationWindow))
        {
            refusals.Add(Refusal.Of(
                "deployment.reclamation_window",
                $"The reclamation window is {window.TotalSeconds} s; allowed are {MinReclamationWindow.TotalSeconds} to {MaxReclamationWindow.TotalSeconds} s.",
                ("seconds", window.TotalSeconds)));
        }

        var denoms = groups.SelectMany(g => g.Units).Select(u => u.Price.Denom).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (denoms.Count > 1)
        {
            refusals.Add(Refusal.Of("deployment.one_denom", $"A deployment is paid in one denomination; this one names {string.Join(", ", denoms)}.", ("denoms", string.Join(",", denoms))));
        }

        foreach (var group in groups)
        {
            CheckGroup(refusals, group);
        }

        return refusals.ToImmutable();
    }

    private void CheckGroup(ImmutableArray<Refusal>.Builder refusals, GroupSpec group)
    {
        Range(refusals, "deployment.unit_count", "Resource units", $"group {group.Name}", group.Units.Length, 1, MaxUnitsPerGroup);
        Int128 cpu = 0, gpu = 0, memory = 0, storage = 0;
        foreach (var unit in group.Units)
        {
            var at = $"group {group.Name}, resources {unit.Resources.Id}";
            CheckUnit(refusals, unit, at);
            cpu += (Int128)unit.Resources.CpuMilli * unit.Count;
            gpu += (Int128)unit.Resources.GpuUnits * unit.Count;
            memory += (Int128)unit.Resources.MemoryBytes * unit.Count;
            foreach (var volume in unit.Resources.Storage)
            {
                storage += (Int128)volume.Bytes * unit.Count;
            }
        }

        var place = $"group {group.Name}, all replicas";
        Range(refusals, "deployment.group_cpu", "CPU milli", place, cpu, 0, (Int128)MaxCpuMilli * GroupFactor);
        Range(refusals, "deployment.group_gpu", "GPUs", place, gpu, 0, (Int128)MaxGpu * GroupFactor);
        Range(refusals, "deployment.group_memory", "Memory bytes", place, memory, 0, (Int128)MaxMemoryBytes * GroupFactor);
        Range(refusals, "deployment.group_storage", "Storage bytes", place, storage, 0, (Int128)MaxVolumeBytes * GroupFactor);
    }

    private void CheckUnit(ImmutableArray<Refusal>.Builder refusals, ResourceUnit unit, string at)
    {
        Range(refusals, "deployment.replicas", "Replicas", at, unit.Count, 1, MaxReplicas);
        Range(refusals, "deployment.cpu", "CPU milli", at, unit.Resources.CpuMilli, MinCpuMilli, MaxCpuMilli);
        Range(refusals, "deployment.gpu", "GPUs", at, unit.Resources.GpuUnits, 0, MaxGpu);
        Range(refusals, "deployment.memory", "Memory bytes", at, unit.Resources.MemoryBytes, MinMemoryBytes, MaxMemoryBytes);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var volume in unit.Resources.Storage)
        {
            Range(refusals, "deployment.storage", $"Storage bytes of volume {volume.Name}", at, volume.Bytes, MinVolumeBytes, MaxVolumeBytes);
            if (!names.Add(volume.Name))
            {
                refusals.Add(Refusal.Of("deployment.duplicate_volume", $"{at}: volume {volume.Name} is given twice.", ("at", at), ("volume", volume.Name)));
            }
        }

        var price = unit.Price.ScaledE18;
        if (price <= 0 || price > MaxPrice * UnitPrice.Scale)
        {
            refusals.Add(Refusal.Of(
                "deployment.price",
                $"{at}: the price ceiling is {unit.Price.Amount} {unit.Price.Denom} per block; it must be above 0 and at most {MaxPrice}.",
                ("at", at),
                ("value", unit.Price.Amount),
                ("max", MaxPrice)));
        }
    }

    private static void Range(ImmutableArray<Refusal>.Builder refusals, string code, string what, string at, Int128 value, Int128 min, Int128 max)
    {
        if (value < min || value > max)
        {
            var place = at.Length == 0 ? "" : $"{at}: ";
            refusals.Add(Refusal.Of(code, $"{place}{what}: {value}; allowed are {min} to {max}.", ("at", at), ("value", value), ("min", min), ("max", max)));
        }
    }
}
