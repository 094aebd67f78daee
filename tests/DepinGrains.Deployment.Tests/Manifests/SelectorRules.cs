using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>What points at pods finds some, and ports that are spoken of exist. A schema cannot see any of it.</summary>
internal static class SelectorRules
{
    /// <summary>Selectors of workloads, spreading, Services and disruption budgets.</summary>
    public static IEnumerable<string> Selectors(IReadOnlyList<JsonObject> objects)
    {
        var workloads = Workload.Of(objects);
        foreach (var workload in workloads)
        {
            if (workload.Object["spec"]!["selector"]?["matchLabels"] is { } own && !workload.Matches(Workload.Map(own)))
            {
                yield return $"{workload} selects other labels than its pods have";
            }

            foreach (var spread in workload.Spec["topologySpreadConstraints"]?.AsArray() ?? [])
            {
                if (!workload.Matches(Workload.Map(spread!["labelSelector"]?["matchLabels"])))
                {
                    yield return $"{workload} spreads other pods than its own";
                }
            }
        }

        foreach (var service in Kinds.Of(objects, "Service").Where(s => !workloads.Any(w => w.Matches(Workload.Map(s["spec"]!["selector"])))))
        {
            yield return $"Service {Kinds.Name(service)} selects no pod";
        }

        foreach (var budget in Kinds.Of(objects, "PodDisruptionBudget").Where(b => !workloads.Any(w => w.Matches(Workload.Map(b["spec"]!["selector"]?["matchLabels"])))))
        {
            yield return $"PodDisruptionBudget {Kinds.Name(budget)} protects no pod";
        }
    }

    /// <summary>Ports of containers, probes, Services, Ingresses and scrape annotations.</summary>
    public static IEnumerable<string> Ports(IReadOnlyList<JsonObject> objects)
    {
        var workloads = Workload.Of(objects);
        foreach (var workload in workloads)
        {
            foreach (var twice in workload.Ports.GroupBy(static p => p.Name).Where(static g => g.Count() > 1 || g.Key.Length is 0 or > 15 || g.Key.Any(static c => c is not ('-' or (>= 'a' and <= 'z') or (>= '0' and <= '9')))))
            {
                yield return $"{workload}: port name '{twice.Key}' is no name or there twice";
            }

            foreach (var probe in Probes(workload).Where(p => p.Probe["httpGet"] is { } get && !workload.HasPort(get["port"])))
            {
                yield return $"{workload}: {probe.Kind} asks port {probe.Probe["httpGet"]!["port"]}, which is not there";
            }

            var scrape = Workload.Map(workload.Template["metadata"]?["annotations"]).GetValueOrDefault("prometheus.io/port");
            if (scrape is not null && !workload.Ports.Any(p => p.Name == "management" && p.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) == scrape))
            {
                yield return $"{workload}: scraped at port {scrape}, which is not its management port";
            }
        }

        foreach (var service in Kinds.Of(objects, "Service"))
        {
            var pods = workloads.Where(w => w.Matches(Workload.Map(service["spec"]!["selector"]))).ToArray();
            foreach (var port in (service["spec"]!["ports"]?.AsArray() ?? []).Where(p => pods.Any(w => !w.HasPort(p!["targetPort"] ?? p["port"]))))
            {
                yield return $"Service {Kinds.Name(service)}: pods have no port {port!["targetPort"] ?? port["port"]}";
            }
        }

        foreach (var ingress in Kinds.Of(objects, "Ingress"))
        {
            foreach (var backend in ingress["spec"]!["rules"]!.AsArray().SelectMany(static r => r!["http"]!["paths"]!.AsArray()).Select(static p => p!["backend"]!["service"]!))
            {
                var service = Kinds.Of(objects, "Service").FirstOrDefault(s => Kinds.Name(s) == (string?)backend["name"]);
                if (service?["spec"]!["ports"]!.AsArray().Any(p => (string?)p!["name"] == (string?)backend["port"]!["name"]) is not true)
                {
                    yield return $"Ingress {Kinds.Name(ingress)} goes to {backend["name"]}:{backend["port"]!["name"]}, which is not there";
                }
            }
        }
    }

    /// <summary>Network policies take pods that are there, and let through ports those pods have.</summary>
    public static IEnumerable<string> NetworkPolicies(IReadOnlyList<JsonObject> objects)
    {
        var workloads = Workload.Of(objects);
        foreach (var policy in Kinds.Of(objects, "NetworkPolicy"))
        {
            var name = $"NetworkPolicy {Kinds.Name(policy)}";
            var pods = Selected(workloads, policy["spec"]!["podSelector"]);
            if (pods.Length == 0)
            {
                yield return $"{name} is for no pod";
            }

            foreach (var (from, ports) in Rules(policy, "ingress", "from"))
            {
                if (Peers(workloads, from) is { Length: 0 })
                {
                    yield return $"{name} lets in nobody that is there";
                }

                foreach (var port in ports.Where(p => !pods.Any(w => w.HasPort(p))))
                {
                    yield return $"{name} lets in at port {port}, which its pods do not have";
                }
            }

            foreach (var (to, ports) in Rules(policy, "egress", "to"))
            {
                var peers = Peers(workloads, to);
                if (peers is { Length: 0 })
                {
                    yield return $"{name} lets out to nobody that is there";
                }

                foreach (var port in ports.Where(p => peers is not null && !peers.Any(w => w.HasPort(p))))
                {
                    yield return $"{name} lets out to port {port}, which is not there";
                }
            }
        }

        foreach (var open in workloads.Where(w => !Kinds.Of(objects, "NetworkPolicy").Any(p => p["spec"]!["policyTypes"]!.AsArray().Any(static t => (string?)t == "Ingress") && Selected([w], p["spec"]!["podSelector"]).Length > 0)))
        {
            yield return $"{open} may be reached by anybody";
        }
    }

    public static IEnumerable<(string Kind, JsonObject Probe)> Probes(Workload workload) =>
        from container in workload.Containers
        from kind in (string[])["startupProbe", "readinessProbe", "livenessProbe"]
        where container[kind] is JsonObject
        select (kind, (JsonObject)container[kind]!);

    private static Workload[] Selected(IEnumerable<Workload> workloads, JsonNode? selector) => [.. workloads.Where(w => w.Matches(Workload.Map(selector?["matchLabels"])))];

    private static IEnumerable<(JsonArray? Peers, IReadOnlyList<JsonNode> Ports)> Rules(JsonObject policy, string direction, string peers) =>
        (policy["spec"]![direction]?.AsArray() ?? []).Select(r => (r![peers] as JsonArray, (IReadOnlyList<JsonNode>)[.. (r["ports"]?.AsArray() ?? []).Select(static p => p!["port"]!)]));

    /// <summary>Pods of this namespace that a rule names; null: it (also) names others, about whom nothing is known here.</summary>
    private static Workload[]? Peers(IReadOnlyList<Workload> workloads, JsonArray? peers) =>
        peers is null || peers.Any(static p => p!["podSelector"] is null) ? null : [.. peers.SelectMany(p => Selected(workloads, p!["podSelector"]))];
}
