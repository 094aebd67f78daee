namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// Which services of a group must be able to reach each other: those joined, directly or through others, by <c>expose: to: - service</c>. There is no network between nodes,
/// so each such set lies on one node, with all its replicas.
/// </summary>
public static class ServiceLinks
{
    /// <summary>The number of each service's set, from 1 in the manifest's order; services that name nobody and that nobody names are not in it.</summary>
    public static IReadOnlyDictionary<string, int> Sets(ManifestGroup group)
    {
        var parents = group.Services.ToDictionary(static s => s.Name, static s => s.Name, StringComparer.Ordinal);
        var linked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var service in group.Services)
        {
            // A service of another group has a provider of its own.
            foreach (var expose in service.Expose.Where(e => parents.ContainsKey(e.Service)))
            {
                linked.Add(service.Name);
                linked.Add(expose.Service);
                parents[Root(parents, service.Name)] = Root(parents, expose.Service);
            }
        }

        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var sets = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var service in group.Services.Where(s => linked.Contains(s.Name)))
        {
            var root = Root(parents, service.Name);
            numbers.TryAdd(root, numbers.Count + 1);
            sets[service.Name] = numbers[root];
        }

        return sets;
    }

    private static string Root(Dictionary<string, string> parents, string service)
    {
        while (parents[service] != service)
        {
            service = parents[service] = parents[parents[service]];
        }

        return service;
    }
}
