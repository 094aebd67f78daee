using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Grains.Deployments;

/// <summary>Turns a manifest into the slots nodes book and the workloads agents run. A slot is one replica of one service, key <c>service/replica</c>.</summary>
public static class DeploymentPlan
{
    /// <summary>A slot's room for its description grows with it by a quarter, up to the next of these: so much an update may add without another order.</summary>
    private const int BytesStep = 512;

    private const int GpuUuidMax = 128;

    /// <summary>Most bytes of the descriptions of one group: with room to grow they still fit onto one node (<see cref="AgentProtocol.WorkloadBytesMax"/>).</summary>
    private const long GroupBytesMax = 660_000;

    /// <summary>The slots of a group, in the manifest's order.</summary>
    /// <param name="lease">An id as long as the group's leases get.</param>
    /// <param name="grows">With room to grow; else exactly what the manifest takes.</param>
    public static ImmutableArray<PlannedSlot> Slots(string lease, GroupSpec spec, ManifestGroup manifest, bool grows = true)
    {
        var units = spec.Units.ToDictionary(static u => u.Resources.Id, static u => u.Resources);
        var sets = ServiceLinks.Sets(manifest);
        var slots = ImmutableArray.CreateBuilder<PlannedSlot>();
        foreach (var service in manifest.Services)
        {
            var unit = units[service.Resources.Id];
            // Of one size for all replicas: neighbours that want the same are placed as one.
            var bytes = service.Count == 0 ? 0 : Bytes(lease, unit, service);
            for (var replica = 0; replica < service.Count; replica++)
            {
                var slot = new DemandSlot(
                    $"{service.Name}/{replica}",
                    unit.CpuMilli,
                    unit.MemoryBytes,
                    (int)unit.GpuUnits,
                    [.. unit.GpuAttributes.Select(static a => a.Key)],
                    [.. unit.Storage.Select(static v => new StorageClassCapacity(v.Class, v.Bytes))],
                    Ports(service).Length,
                    Executors.Of(service.Image),
                    grows ? (bytes + (bytes / 4) + BytesStep - 1) / BytesStep * BytesStep : bytes);
                slots.Add(new PlannedSlot(unit.Id, slot, sets.GetValueOrDefault(service.Name)));
            }
        }

        return slots.DrainToImmutable();
    }

    /// <summary>Refuses a group that could not be told to any node.</summary>
    /// <param name="lease">As for <see cref="Slots"/>.</param>
    public static Refusal? TooLarge(string lease, GroupSpec spec, ManifestGroup manifest)
    {
        var units = spec.Units.ToDictionary(static u => u.Resources.Id, static u => u.Resources);
        var bytes = manifest.Services.Where(static s => s.Count > 0).Sum(s => Bytes(lease, units[s.Resources.Id], s) * (long)s.Count);
        return bytes <= GroupBytesMax
            ? null
            : Refusal.Of(
                "deployment.manifest_too_large",
                $"the services of group {spec.Name} take {bytes} bytes with all replicas (image, command, args, env), at most {GroupBytesMax} reach a node",
                ("group", spec.Name),
                ("bytes", bytes),
                ("max", GroupBytesMax));
    }

    /// <summary>The workloads of a lease.</summary>
    public static ImmutableArray<WorkloadSpec> Workloads(string lease, GroupSpec spec, ManifestGroup manifest)
    {
        var units = spec.Units.ToDictionary(static u => u.Resources.Id, static u => u.Resources);
        return [.. manifest.Services.SelectMany(service => Enumerable.Range(0, (int)service.Count).Select(replica => Workload(lease, units[service.Resources.Id], service, replica)))];
    }

    private static WorkloadSpec Workload(string lease, UnitResources unit, ManifestService service, int replica) => new(
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
        [.. Ports(service).Select(static p => new PortBinding(p.Port, 0, p.Proto.ToLowerInvariant(), p.Local))],
        Volumes(unit, service),
        service.Credentials is { } c ? new ImageCredentials(c.Host, c.Username, c.Password) : null,
        OwnBytes(unit, service));

    /// <summary>What the last replica takes once it has its cards and ports.</summary>
    private static int Bytes(string lease, UnitResources unit, ManifestService service)
    {
        var workload = Workload(lease, unit, service, (int)service.Count - 1);
        return AgentProtocolJson.Size(workload with
        {
            GpuUuids = [.. Enumerable.Repeat(new string('x', GpuUuidMax), (int)unit.GpuUnits)],
            Ports = [.. workload.Ports.Select(static p => p with { HostPort = ushort.MaxValue })],
        });
    }

    /// <summary>Host names a group is served under, lower case, in order.</summary>
    public static ImmutableArray<string> Hostnames(ManifestGroup manifest) =>
        [.. manifest.Services.SelectMany(static s => s.Expose).SelectMany(static e => e.Hosts).Select(static h => h.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Names of the leased addresses of a group, in order.</summary>
    public static ImmutableArray<string> Ips(ManifestGroup manifest) =>
        [.. manifest.Services.SelectMany(static s => s.Expose).Select(static e => e.Ip).Where(static ip => ip.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>One host port per distinct container port and protocol; local is what nobody but other services is offered.</summary>
    private static ImmutableArray<(int Port, string Proto, bool Local)> Ports(ManifestService service) =>
        [.. service.Expose.GroupBy(static e => (e.Port, e.Proto)).Select(static g => (g.Key.Port, g.Key.Proto, !g.Any(static e => e.Global || e.Ip.Length > 0)))];

    private static ImmutableArray<VolumeMount> Volumes(UnitResources unit, ManifestService service) =>
        [.. unit.Storage.Select(v => (Volume: v, Mount: MountOf(v, service))).Where(static v => v.Mount is not null)
            .Select(static v => new VolumeMount(v.Volume.Name, v.Volume.Class, v.Volume.Persistent, v.Volume.Bytes, v.Mount!.Mount, v.Mount.ReadOnly))];

    /// <summary>A volume without a mount is room for the workload's own files.</summary>
    private static long OwnBytes(UnitResources unit, ManifestService service) => unit.Storage.Where(v => MountOf(v, service) is null).Sum(static v => v.Bytes);

    private static ManifestMount? MountOf(StorageVolume volume, ManifestService service) => service.Params?.Storage.FirstOrDefault(m => m.Name == volume.Name && m.Mount.Length > 0);
}
