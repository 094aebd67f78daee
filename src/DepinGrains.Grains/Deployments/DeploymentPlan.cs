using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Grains.Deployments;

/// <summary>Turns a manifest into the slots nodes book and the workloads agents run. A slot is one replica of one service, key <c>service/replica</c>.</summary>
public static class DeploymentPlan
{
    /// <summary>The slots of a group, in the manifest's order.</summary>
    public static ImmutableArray<PlannedSlot> Slots(GroupSpec spec, ManifestGroup manifest)
    {
        var units = spec.Units.ToDictionary(static u => u.Resources.Id, static u => u.Resources);
        var slots = ImmutableArray.CreateBuilder<PlannedSlot>();
        foreach (var service in manifest.Services)
        {
            var unit = units[service.Resources.Id];
            for (var replica = 0; replica < service.Count; replica++)
            {
                slots.Add(new PlannedSlot(unit.Id, new DemandSlot(
                    $"{service.Name}/{replica}",
                    unit.CpuMilli,
                    unit.MemoryBytes,
                    (int)unit.GpuUnits,
                    [.. unit.GpuAttributes.Select(static a => a.Key)],
                    [.. unit.Storage.Select(static v => new StorageClassCapacity(v.Class, v.Bytes))],
                    Ports(service).Length)));
            }
        }

        return slots.DrainToImmutable();
    }

    /// <summary>The workloads of a lease.</summary>
    public static ImmutableArray<WorkloadSpec> Workloads(string lease, GroupSpec spec, ManifestGroup manifest)
    {
        var units = spec.Units.ToDictionary(static u => u.Resources.Id, static u => u.Resources);
        var workloads = ImmutableArray.CreateBuilder<WorkloadSpec>();
        foreach (var service in manifest.Services)
        {
            var unit = units[service.Resources.Id];
            for (var replica = 0; replica < service.Count; replica++)
            {
                workloads.Add(new WorkloadSpec(
                    string.Create(CultureInfo.InvariantCulture, $"{lease}/{service.Name}/{replica}"),
                    lease,
                    service.Name,
                    replica,
                    service.Image,
                    service.Command,
                    service.Args,
                    service.Env,
                    unit.CpuMilli,
                    unit.MemoryBytes,
                    [],
                    [.. Ports(service).Select(static p => new PortBinding(p.Port, 0, p.Proto.ToLowerInvariant()))],
                    Volumes(unit, service),
                    service.Credentials is { } c ? new ImageCredentials(c.Host, c.Username, c.Password) : null));
            }
        }

        return workloads.DrainToImmutable();
    }

    /// <summary>Host names a group is served under, lower case, in order.</summary>
    public static ImmutableArray<string> Hostnames(ManifestGroup manifest) =>
        [.. manifest.Services.SelectMany(static s => s.Expose).SelectMany(static e => e.Hosts).Select(static h => h.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Names of the leased addresses of a group, in order.</summary>
    public static ImmutableArray<string> Ips(ManifestGroup manifest) =>
        [.. manifest.Services.SelectMany(static s => s.Expose).Select(static e => e.Ip).Where(static ip => ip.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>One host port per distinct container port and protocol, whoever it is offered to.</summary>
    private static ImmutableArray<(int Port, string Proto)> Ports(ManifestService service) =>
        [.. service.Expose.Select(static e => (e.Port, e.Proto)).Distinct()];

    private static ImmutableArray<VolumeMount> Volumes(UnitResources unit, ManifestService service)
    {
        var mounts = service.Params?.Storage.ToDictionary(static m => m.Name) ?? [];
        // A volume without a mount is the room of the workload's own root: booked on the node, nothing to mount.
        return [.. unit.Storage
            .Where(v => mounts.GetValueOrDefault(v.Name) is { Mount.Length: > 0 })
            .Select(v => new VolumeMount(v.Name, v.Class, v.Persistent, v.Bytes, mounts[v.Name].Mount, mounts[v.Name].ReadOnly))];
    }
}
