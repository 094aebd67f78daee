using System.Collections.Immutable;
using System.Text.RegularExpressions;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// Does a manifest fit the groups that were leased? The rules are those an Akash provider applies to a manifest it is sent (chain-sdk go/manifest/v2beta3): a tenant pays for the groups,
/// so the manifest may ask for nothing else, and must use what is paid for.
/// </summary>
public static partial class ManifestFit
{
    /// <summary>Every reason why not; empty when it fits. Details name services and numbers, never env values or credentials.</summary>
    public static ImmutableArray<Refusal> Check(DeploymentManifest manifest, ImmutableArray<GroupSpec> groups)
    {
        var refusals = ImmutableArray.CreateBuilder<Refusal>();
        var hosts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var left = new Dictionary<string, GroupRoom>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            left[group.Name] = new GroupRoom(group);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in manifest.Groups)
        {
            if (!seen.Add(group.Name))
            {
                refusals.Add(Refusal.Of("manifest.duplicate_group", $"Group \"{group.Name}\" is given twice.", ("group", group.Name)));
            }
            else if (!left.TryGetValue(group.Name, out var room))
            {
                refusals.Add(Refusal.Of("manifest.unknown_group", $"Group \"{group.Name}\" is not one of the deployment's groups.", ("group", group.Name)));
            }
            else
            {
                CheckGroup(group, room, hosts, refusals);
            }
        }

        foreach (var group in groups.Where(g => !seen.Contains(g.Name)))
        {
            refusals.Add(Refusal.Of("manifest.missing_group", $"Group \"{group.Name}\" is missing.", ("group", group.Name)));
        }

        return refusals.ToImmutable();
    }

    private static void CheckGroup(ManifestGroup group, GroupRoom room, Dictionary<string, string> hosts, ImmutableArray<Refusal>.Builder refusals)
    {
        if (group.Services.IsEmpty)
        {
            refusals.Add(Refusal.Of("manifest.no_services", $"Group \"{group.Name}\" has no services.", ("group", group.Name)));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var service in group.Services)
        {
            if (!names.Add(service.Name))
            {
                refusals.Add(Refusal.Of("manifest.duplicate_service", $"Service \"{service.Name}\" is given twice.", ("group", group.Name), ("service", service.Name)));
            }

            CheckService(service, hosts, refusals);
            room.Take(service, refusals);
        }

        room.CheckUsed(refusals);
    }

    private static void CheckService(ManifestService service, Dictionary<string, string> hosts, ImmutableArray<Refusal>.Builder refusals)
    {
        if (service.Name.Length > 63 || !ServiceName().IsMatch(service.Name))
        {
            refusals.Add(Refusal.Of("manifest.bad_service_name", $"Service name \"{service.Name}\" must be 1 to 63 of a-z, 0-9 and -, start with a letter and not end with -.", ("service", service.Name)));
        }

        if (service.Image.Length == 0)
        {
            refusals.Add(Refusal.Of("manifest.no_image", $"Service \"{service.Name}\" has no image.", ("service", service.Name)));
        }

        for (var i = 0; i < service.Env.Length; i++)
        {
            if (!EnvName().IsMatch(service.Env[i].Split('=', 2)[0]))
            {
                refusals.Add(Refusal.Of("manifest.bad_env_name", $"Service \"{service.Name}\": entry {i} of env has no valid name before \"=\".", ("service", service.Name), ("entry", i)));
            }
        }

        foreach (var expose in service.Expose)
        {
            if (expose.Port is < 1 or > 65535 || expose.ExternalPort is < 0 or > 65535 || expose.Proto is not ("TCP" or "UDP"))
            {
                refusals.Add(Refusal.Of("manifest.bad_port", $"Service \"{service.Name}\": port {expose.Port}→{expose.ExternalPort} {expose.Proto} is not valid.", ("service", service.Name), ("port", expose.Port)));
            }

            foreach (var host in expose.Hosts)
            {
                if (host.Length > 253 || !HostName().IsMatch(host))
                {
                    refusals.Add(Refusal.Of("manifest.bad_host", $"Service \"{service.Name}\": \"{host}\" is not a host name.", ("service", service.Name), ("host", host)));
                }
                else if (!hosts.TryAdd(host, service.Name))
                {
                    refusals.Add(Refusal.Of("manifest.duplicate_host", $"Host \"{host}\" of service \"{service.Name}\" is already used by \"{hosts[host]}\".", ("service", service.Name), ("host", host)));
                }
            }
        }
    }

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^[-._a-zA-Z][-._a-zA-Z0-9]*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex EnvName();

    /// <summary>DNS-1123 subdomain.</summary>
    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HostName();
}
