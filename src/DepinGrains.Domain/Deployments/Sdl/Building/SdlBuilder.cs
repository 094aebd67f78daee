using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl.Reading;

namespace DepinGrains.Domain.Deployments.Sdl.Building;

/// <summary>Builds groups and manifest of a checked model, in Akash's order: that order decides resource ids and the hash.</summary>
internal sealed class SdlBuilder(SdlModel model)
{
    private readonly Dictionary<string, int> _sequence = SequenceNumbers(model);
    private readonly SortedDictionary<string, GroupDraft> _groups = new(StringComparer.Ordinal);

    /// <summary>The groups by name, and the manifest.</summary>
    public (ImmutableArray<GroupSpec> Groups, DeploymentManifest Manifest) Build()
    {
        var services = model.Services.Select(s => (Name: s.Key, Service: s.Value.Value!)).OrderBy(s => s.Name, JsCollation.Instance).ToList();
        foreach (var (name, service) in services)
        {
            foreach (var (placement, deploy) in model.Deployments[name])
            {
                Add(name, service, placement, deploy.Value!);
            }
        }

        var specs = _groups.Values.Select(g => g.Spec()).ToImmutableArray();
        var manifest = _groups.Select(g => new ManifestGroup(g.Key, [.. g.Value.Services])).ToImmutableArray();
        return (specs, new DeploymentManifest(manifest));
    }

    private void Add(string name, ServiceModel service, string placement, DeployModel deploy)
    {
        if (!_groups.TryGetValue(placement, out var group))
        {
            _groups.Add(placement, group = new GroupDraft(placement, model.Placements[placement].Value!));
        }

        if (service.Params?.Tee is { } tee)
        {
            group.Tee ??= tee.Value;
        }

        var compute = model.Computes[deploy.Profile].Value!;
        var endpoints = Endpoints(service);
        var unit = group.Unit(deploy.Profile, compute);
        unit.Add(deploy.Count, endpoints);
        group.Services.Add(new ManifestService(
            name,
            service.Image,
            service.Command,
            service.Args,
            service.Env,
            Resources(unit.Id, compute, endpoints),
            deploy.Count,
            Exposes(service),
            Params(service),
            service.Credentials));
    }

    /// <summary>
    /// Leased addresses are numbered by name from 1. Akash lists a name once per use and keeps the last place, so a shared address moves the numbers of those behind it; kept as it is.
    /// </summary>
    private static Dictionary<string, int> SequenceNumbers(SdlModel model)
    {
        var names = model.Services.Values
            .SelectMany(s => s.Value!.Expose)
            .SelectMany(e => e.To)
            .Where(t => t.Value is { Global: true, Ip.Length: > 0 })
            .Select(t => t.Value.Ip)
            .Order(StringComparer.Ordinal);
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var next = 0;
        foreach (var name in names)
        {
            numbers[name] = ++next;
        }

        return numbers;
    }

    private ImmutableArray<SpecEndpoint> Endpoints(ServiceModel service)
    {
        var endpoints = ImmutableArray.CreateBuilder<SpecEndpoint>();
        foreach (var expose in service.Expose)
        {
            foreach (var to in expose.To)
            {
                if (!to.Value.Global)
                {
                    continue;
                }

                var ingress = expose.Proto == "TCP" && (expose.As ?? expose.Port) == 80;
                endpoints.Add(new(ingress ? EndpointKind.SharedHttp : EndpointKind.RandomPort, 0));
                if (to.Value.Ip.Length > 0)
                {
                    endpoints.Add(new(EndpointKind.LeasedIp, _sequence.GetValueOrDefault(to.Value.Ip)));
                }
            }
        }

        return endpoints.ToImmutable();
    }

    private ImmutableArray<ManifestExpose> Exposes(ServiceModel service) =>
    [
        .. service.Expose
            .SelectMany(e => e.To, (e, to) => new ManifestExpose(
                e.Port, e.As ?? 0, e.Proto, to.Value.Service, to.Value.Global, e.Accept, e.Http, to.Value.Ip, _sequence.GetValueOrDefault(to.Value.Ip)))
            .OrderBy(e => e.Service, JsCollation.Instance)
            .ThenBy(e => e.Port)
            .ThenBy(e => e.Proto, StringComparer.Ordinal)
            .ThenBy(e => e.Global ? 0 : 1),
    ];

    private static ManifestResources Resources(int id, ComputeModel compute, ImmutableArray<SpecEndpoint> endpoints) => new(
        id,
        JsNumber.ToText(compute.CpuMilli.Value),
        compute.CpuAttributes,
        SizeText(compute.Memory),
        [.. compute.Storage.Select(v => new ManifestVolume(VolumeName(v), SizeText(v.Size), v.Attributes))],
        JsNumber.ToText(compute.Gpu?.Units.Value ?? 0),
        compute.Gpu?.Attributes ?? [],
        endpoints);

    private static ManifestParams? Params(ServiceModel service) => service.Params is not { } given ? null : new ManifestParams(
        [.. given.Storage.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => new ManifestMount(m.Key, m.Value.Value.Mount, m.Value.Value.ReadOnly))],
        given.Permissions,
        given.Tee?.Value);

    private static string VolumeName(VolumeModel volume) => string.IsNullOrEmpty(volume.Name) ? "default" : volume.Name;

    private static string SizeText(Placed<string> size) => JsNumber.ToText(Size(size));

    private static double Size(Placed<string> size) => SdlUnits.TrySize(size.Value, out var bytes) ? bytes : throw new InvalidOperationException("The size was not checked.");

    private static long Whole(double value) => SdlUnits.TryWhole(value, out var whole) ? whole : throw new InvalidOperationException("The amount was not checked.");

    private sealed class UnitDraft(int id, string profile, ComputeModel compute)
    {
        public int Id { get; } = id;

        public string Profile { get; } = profile;

        public int Count { get; private set; }

        public ImmutableArray<SpecEndpoint> Endpoints { get; private set; } = [];

        /// <summary>Adds a service. Its endpoints keep their order until a second service joins; then all are sorted by sequence number, as in Akash's golden outputs.</summary>
        public void Add(int count, ImmutableArray<SpecEndpoint> endpoints)
        {
            var first = Count == 0;
            Count += count;
            Endpoints = first ? endpoints : [.. Endpoints.Concat(endpoints).OrderBy(e => e.SequenceNumber)];
        }

        public ResourceUnit Spec(PlacementModel placement) => new(
            new UnitResources(
                Id,
                Whole(compute.CpuMilli.Value),
                compute.CpuAttributes,
                Whole(Size(compute.Memory)),
                [.. compute.Storage.Select(v => new StorageVolume(VolumeName(v), Whole(Size(v.Size)), v.Attributes))],
                Whole(compute.Gpu?.Units.Value ?? 0),
                compute.Gpu?.Attributes ?? [],
                Endpoints),
            Count,
            placement.Pricing[Profile]!);
    }

    private sealed class GroupDraft(string name, PlacementModel placement)
    {
        private readonly Dictionary<string, UnitDraft> _units = new(StringComparer.Ordinal);

        public string? Tee { get; set; }

        public List<ManifestService> Services { get; } = [];

        /// <summary>Services of one profile share one unit; ids count the profiles in order of their first service.</summary>
        public UnitDraft Unit(string profile, ComputeModel compute)
        {
            if (!_units.TryGetValue(profile, out var unit))
            {
                _units.Add(profile, unit = new UnitDraft(_units.Count + 1, profile, compute));
            }

            return unit;
        }

        public GroupSpec Spec()
        {
            var attributes = placement.Attributes;
            if (Tee is not null)
            {
                attributes = [.. attributes.Add(new SpecAttribute("tee/type", Tee)).OrderBy(a => a.Key, JsCollation.Instance)];
            }

            return new GroupSpec(
                name,
                new PlacementRequirements(attributes, new SignedBy(placement.AllOf, placement.AnyOf)),
                [.. _units.Values.OrderBy(u => u.Id).Select(u => u.Spec(placement))]);
        }
    }
}
