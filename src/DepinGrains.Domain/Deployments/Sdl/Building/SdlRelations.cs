using DepinGrains.Domain.Deployments.Sdl.Reading;

namespace DepinGrains.Domain.Deployments.Sdl.Building;

/// <summary>Checks what the sections say about each other.</summary>
internal sealed class SdlRelations(SdlSource source, SdlModel model)
{
    private readonly Dictionary<string, string> _teeByPlacement = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Ip, int Port, string Proto), string> _ports = [];
    private readonly HashSet<string> _endpointsUsed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _profilesChecked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _placementsUsed = new(StringComparer.Ordinal);

    public void Check()
    {
        foreach (var (name, service) in model.Services)
        {
            CheckDeployment(name, service);
            if (service.Value is { } content)
            {
                CheckLeasedIps(name, content);
            }
        }

        CheckStrangers();
        foreach (var (name, endpoint) in model.Endpoints)
        {
            if (!_endpointsUsed.Contains(name))
            {
                source.Fail(endpoint.Node, endpoint.Path, SdlRules.EndpointUnused, $"Endpoint \"{name}\" declared but never used.");
            }
        }
    }

    private void CheckDeployment(string name, Placed<ServiceModel?> service)
    {
        if (!model.Deployments.TryGetValue(name, out var placements))
        {
            if (model.DeploymentNode is { } node)
            {
                source.Fail(node, "/deployment", SdlRules.ServiceNotDeployed, $"Service \"{name}\" is not defined at \"/deployment\" section.");
            }

            return;
        }

        foreach (var (placement, deploy) in placements)
        {
            _placementsUsed.Add(placement);
            if (deploy.Value is not { } target)
            {
                continue;
            }

            CheckReferences(placement, deploy, target);
            if (model.Computes.TryGetValue(target.Profile, out var compute) && compute.Value is { } resources && service.Value is { } content)
            {
                CheckMounts(name, content, resources, target.Profile);
                CheckPersistent(name, service, content, resources);
                CheckTee(placement, content, resources);
                if (_profilesChecked.Add(target.Profile))
                {
                    CheckProfile(resources);
                }
            }
        }
    }

    private void CheckReferences(string placement, Placed<DeployModel?> deploy, DeployModel target)
    {
        if (!model.Placements.TryGetValue(placement, out var infra))
        {
            source.Fail(deploy.Node, deploy.Path, SdlRules.UnknownPlacement, $"The placement \"{placement}\" is not defined in the \"placement\" section.");
        }
        else if (infra.Value is { } content && !content.Pricing.ContainsKey(target.Profile))
        {
            source.Fail(infra.Node, content.PricingPath, SdlRules.MissingPricing, $"The pricing for the \"{target.Profile}\" profile is not defined in the \"{placement}\" placement.");
        }

        if (!model.Computes.ContainsKey(target.Profile))
        {
            source.Fail(deploy.Node, deploy.Path, SdlRules.UnknownProfile, $"The compute requirements for the \"{target.Profile}\" profile are not defined in the \"compute\" section.");
        }
    }

    private void CheckMounts(string name, ServiceModel content, ComputeModel compute, string profile)
    {
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (volume, mount) in content.Params?.Storage ?? [])
        {
            if (!compute.Storage.Any(v => v.Name == volume))
            {
                source.Fail(mount.Node, mount.Path, SdlRules.UnknownVolume, $"Service \"{name}\" references non-existing compute volume \"{volume}\" (profile \"{profile}\").");
                continue;
            }

            if (!mounts.TryAdd(mount.Value.Mount, volume))
            {
                var other = mounts[mount.Value.Mount];
                source.Fail(
                    mount.Node,
                    mount.Path,
                    SdlRules.MountInUse,
                    mount.Value.Mount.Length == 0
                        ? $"Volumes \"{other}\" and \"{volume}\" both lack a mount: multiple root ephemeral storages are not allowed."
                        : $"Mount \"{mount.Value.Mount}\" already in use by volume \"{other}\".");
            }
        }

    }

    private void CheckPersistent(string name, Placed<ServiceModel?> service, ServiceModel content, ComputeModel compute)
    {
        foreach (var volume in compute.Storage)
        {
            var key = volume.Name ?? "";
            if (volume.Persistent && !(content.Params?.Storage ?? []).Any(m => m.Key == key && m.Value.Value.Mount.Length > 0))
            {
                var shown = key.Length == 0 ? "default" : key;
                var path = $"{service.Path}/params/storage/{shown}";
                source.Fail(service.Node, path, SdlRules.MountRequired, $"Persistent storage \"{shown}\" requires a mount path in /services/{name}/params/storage/{shown}/mount.");
            }
        }
    }

    private void CheckTee(string placement, ServiceModel content, ComputeModel compute)
    {
        if (content.Params?.Tee is not { } tee)
        {
            return;
        }

        if (tee.Value == "cpu-gpu" && compute.Gpu is not { HasUnits: true })
        {
            source.Fail(tee.Node, tee.Path, SdlRules.TeeNeedsGpu, "TEE type cpu-gpu requires gpu resources.");
        }

        if (!_teeByPlacement.TryAdd(placement, tee.Value) && _teeByPlacement[placement] != tee.Value)
        {
            source.Fail(tee.Node, tee.Path, SdlRules.TeeConflict, $"Conflicting TEE types in placement group \"{placement}\": \"{_teeByPlacement[placement]}\" and \"{tee.Value}\".");
        }
    }

    /// <summary>What Akash finds out only about profiles in use: sizes and GPU attributes.</summary>
    private void CheckProfile(ComputeModel compute)
    {
        CheckSize(compute.Memory);
        foreach (var volume in compute.Storage)
        {
            CheckSize(volume.Size);
        }

        if (!SdlUnits.TryWhole(compute.CpuMilli.Value, out _))
        {
            TooLarge(compute.CpuMilli.Path, compute.CpuMilli);
        }

        if (compute.Gpu is not { } gpu)
        {
            return;
        }

        if (!SdlUnits.TryWhole(gpu.Units.Value, out _) || gpu.Units.Value % 1 != 0)
        {
            source.Fail(gpu.Units.Node, gpu.Units.Path, SdlRules.BadFormat, $"GPU units must be a whole number of zero or more, not \"{SdlSource.Clip(gpu.Units.Node.Text)}\".");
        }

        if (!gpu.HasUnits && gpu.AttributesNode is { } attributes)
        {
            source.Fail(attributes, gpu.Units.Path, SdlRules.GpuAttributes, "GPU must not have attributes if units is 0.");
        }
        else if (gpu.HasUnits && gpu.AttributesNode is null)
        {
            source.Fail(gpu.Units.Node, gpu.Units.Path, SdlRules.GpuAttributes, "GPU must have attributes if units is not 0.");
        }
        else if (gpu.HasUnits && !gpu.HasVendor)
        {
            source.Fail(gpu.AttributesNode!, gpu.Units.Path, SdlRules.GpuAttributes, "GPU must specify a vendor if units is not 0.");
        }
    }

    private void CheckSize(Placed<string> size)
    {
        if (!SdlUnits.TrySize(size.Value, out var bytes))
        {
            source.Fail(size.Node, size.Path, SdlRules.BadFormat, $"Size must be a number with a unit such as 512Mi or 10G, not \"{SdlSource.Clip(size.Value)}\".");
        }
        else if (!SdlUnits.TryWhole(bytes, out _))
        {
            TooLarge(size.Path, size);
        }
    }

    private void TooLarge<T>(string path, Placed<T> at) =>
        source.Fail(at.Node, path, SdlRules.NumberTooLarge, $"\"{SdlSource.Clip(at.Node.Text)}\" is larger than can be counted (9.2e18).");

    private void CheckLeasedIps(string name, ServiceModel service)
    {
        foreach (var expose in service.Expose)
        {
            foreach (var to in expose.To)
            {
                var ip = to.Value.Ip;
                if (ip.Length == 0)
                {
                    continue;
                }

                if (!model.Endpoints.ContainsKey(ip))
                {
                    source.Fail(to.Node, to.Path, SdlRules.UnknownEndpoint, $"Unknown endpoint \"{SdlSource.Clip(ip)}\" for service \"{name}\". Add it to the \"endpoints\" section.");
                }

                _endpointsUsed.Add(ip);
                var port = expose.As ?? expose.Port;
                if (!_ports.TryAdd((ip, port, expose.Proto), name))
                {
                    source.Fail(to.Node, to.Path, SdlRules.IpPortInUse, $"IP endpoint \"{ip}\" port {port} protocol {expose.Proto} already in use by service \"{_ports[(ip, port, expose.Proto)]}\".");
                }
            }
        }
    }

    /// <summary>A deployment of a service that does not exist. Akash trips over it only when a real service uses the same placement, and else ignores it; so do we.</summary>
    private void CheckStrangers()
    {
        foreach (var (name, placements) in model.Deployments)
        {
            if (model.Services.ContainsKey(name))
            {
                continue;
            }

            foreach (var (placement, deploy) in placements)
            {
                if (_placementsUsed.Contains(placement))
                {
                    source.Fail(deploy.Node, deploy.Path, SdlRules.UnknownService, $"The deployment names a service \"{name}\" that is not defined in the \"services\" section.");
                }
            }
        }
    }
}
