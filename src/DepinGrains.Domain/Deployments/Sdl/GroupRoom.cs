using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>What is left of a leased group while a manifest's services are counted against it.</summary>
internal sealed class GroupRoom
{
    private readonly string _group;
    private readonly Dictionary<int, UnitRoom> _units = [];

    public GroupRoom(GroupSpec group)
    {
        _group = group.Name;
        foreach (var unit in group.Units)
        {
            _units[unit.Resources.Id] = new UnitRoom(unit);
        }
    }

    public void Take(ManifestService service, ImmutableArray<Refusal>.Builder refusals)
    {
        var id = service.Resources.Id;
        if (!_units.TryGetValue(id, out var unit))
        {
            refusals.Add(Refusal.Of("manifest.unknown_resources", $"Service \"{service.Name}\" names resources {id}, which group \"{_group}\" does not have.", ("service", service.Name), ("resources", id)));
            return;
        }

        if (unit.Difference(service.Resources) is { } what)
        {
            refusals.Add(Refusal.Of("manifest.resources_differ", $"Service \"{service.Name}\": {what} differs from resources {id} of group \"{_group}\".", ("service", service.Name), ("resources", id), ("what", what)));
        }

        if (service.Count < 1 || service.Count > unit.Count)
        {
            refusals.Add(Refusal.Of("manifest.replicas", $"Service \"{service.Name}\" asks for {service.Count} replicas; resources {id} of group \"{_group}\" have {unit.Count} left.", ("service", service.Name), ("count", service.Count), ("left", unit.Count)));
        }

        unit.Count -= Math.Clamp(service.Count, 0, unit.Count);
        foreach (var expose in service.Expose.Where(e => e.Global))
        {
            TakeEndpoint(service, unit, expose.IsIngress ? EndpointKind.SharedHttp : EndpointKind.RandomPort, refusals);
            if (expose.Ip.Length > 0)
            {
                TakeEndpoint(service, unit, EndpointKind.LeasedIp, refusals);
            }
        }
    }

    public void CheckUsed(ImmutableArray<Refusal>.Builder refusals)
    {
        foreach (var (id, unit) in _units.OrderBy(u => u.Key))
        {
            if (unit.Count > 0)
            {
                refusals.Add(Refusal.Of("manifest.unused_replicas", $"{unit.Count} replicas of resources {id} of group \"{_group}\" are not used.", ("resources", id), ("left", unit.Count)));
            }

            foreach (var (kind, left) in unit.Endpoints.OrderBy(e => e.Key).Where(e => e.Value > 0))
            {
                refusals.Add(Refusal.Of("manifest.unused_endpoints", $"{left} endpoints of kind {kind} of resources {id} of group \"{_group}\" are not used.", ("resources", id), ("kind", kind), ("left", left)));
            }
        }
    }

    private void TakeEndpoint(ManifestService service, UnitRoom unit, EndpointKind kind, ImmutableArray<Refusal>.Builder refusals)
    {
        var left = unit.Endpoints.GetValueOrDefault(kind);
        if (left == 0)
        {
            refusals.Add(Refusal.Of("manifest.endpoints", $"Service \"{service.Name}\" asks for more endpoints of kind {kind} than resources {service.Resources.Id} of group \"{_group}\" have.", ("service", service.Name), ("resources", service.Resources.Id), ("kind", kind)));
            return;
        }

        unit.Endpoints[kind] = left - 1;
    }

    private sealed class UnitRoom(ResourceUnit unit)
    {
        public long Count { get; set; } = unit.Count;

        public Dictionary<EndpointKind, int> Endpoints { get; } = unit.Resources.Endpoints.GroupBy(e => e.Kind).ToDictionary(g => g.Key, g => g.Count());

        /// <summary>Which part of the resources differs, or null.</summary>
        public string? Difference(ManifestResources asked)
        {
            var paid = unit.Resources;
            return !Same(asked.Cpu, paid.CpuMilli) || !Same(asked.CpuAttributes, paid.CpuAttributes) ? "cpu"
                : !Same(asked.Memory, paid.MemoryBytes) ? "memory"
                : !Same(asked.Gpu, paid.GpuUnits) || !Same(asked.GpuAttributes, paid.GpuAttributes) ? "gpu"
                : !SameStorage(asked.Storage, paid.Storage) ? "storage"
                : null;
        }

        private static bool SameStorage(ImmutableArray<ManifestVolume> asked, ImmutableArray<StorageVolume> paid) =>
            asked.Length == paid.Length
            && asked.Zip(paid).All(p => p.First.Name == p.Second.Name && Same(p.First.Size, p.Second.Bytes) && Same(p.First.Attributes, p.Second.Attributes));

        private static bool Same(ImmutableArray<SpecAttribute> asked, ImmutableArray<SpecAttribute> paid) => asked.AsSpan().SequenceEqual(paid.AsSpan());

        /// <summary>A group holds whole amounts, so the fraction of the text does not count.</summary>
        private static bool Same(string asked, long paid) =>
            double.TryParse(asked, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && SdlUnits.TryWhole(value, out var whole) && whole == paid;
    }
}
