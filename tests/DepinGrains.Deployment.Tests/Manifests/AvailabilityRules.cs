using System.Globalization;
using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>What several replicas are good for: a drain takes one and goes on, an upgrade takes none before its successor is there, a lost machine takes not all, and what scales has something to scale by.</summary>
internal static class AvailabilityRules
{
    private static readonly string[] Topologies = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

    /// <summary>A budget lets one pod of the fewest there may be go, and keeps one; every pod of several has exactly one budget (two make every eviction fail).</summary>
    public static IEnumerable<string> Disruption(IReadOnlyList<JsonObject> objects)
    {
        var workloads = Workload.Of(objects);
        var budgets = Kinds.Of(objects, "PodDisruptionBudget").ToArray();
        foreach (var workload in workloads.Where(static w => w.Kind is "Deployment" or "StatefulSet"))
        {
            var (fewest, own) = (Fewest(objects, workload), budgets.Where(b => workload.Matches(Workload.Map(b["spec"]!["selector"]?["matchLabels"]))).ToArray());
            if (own.Length > 1 || (own.Length == 0 && fewest > 1))
            {
                yield return $"{workload} of {fewest} has {own.Length} PodDisruptionBudgets";
            }

            foreach (var budget in own)
            {
                var may = MayGo(budget["spec"]!, fewest);
                if (may < 1 || may >= fewest)
                {
                    yield return $"PodDisruptionBudget {Kinds.Name(budget)} lets {may} of {fewest} go: {(may < 1 ? "no machine can ever be drained" : "it protects nothing")}";
                }
            }

            var rolling = workload.Object["spec"]!["strategy"]?["rollingUpdate"];
            if (workload.Kind == "Deployment" && fewest > 1 && (Share(rolling?["maxUnavailable"], fewest, 1) != 0 || Share(rolling?["maxSurge"], fewest, 0) < 1))
            {
                yield return $"{workload}: an upgrade takes pods away before their successors are ready";
            }
        }
    }

    /// <summary>Pods of several are spread over machines by a key that nodes carry, each among its own kind.</summary>
    public static IEnumerable<string> Spread(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects).Where(w => w.Kind is "Deployment" or "StatefulSet" && Fewest(objects, w) > 1))
        {
            var spreads = workload.Spec["topologySpreadConstraints"]?.AsArray() ?? [];
            if (!spreads.Any(static s => (string?)s!["topologyKey"] == Topologies[0]))
            {
                yield return $"{workload} may be on one machine altogether";
            }

            foreach (var spread in spreads)
            {
                if (!Topologies.Contains((string?)spread!["topologyKey"]))
                {
                    yield return $"{workload} is spread by {spread["topologyKey"]}, which no node carries";
                }

                if (Workload.Map(spread["labelSelector"]?["matchLabels"]) is var selected && (selected.Count == 0 || Workload.Of(objects).Any(o => o != workload && o.Matches(selected))))
                {
                    yield return $"{workload} is spread by {spread["topologyKey"]} among pods of others too";
                }
            }
        }
    }

    /// <summary>A scaler's target is there once and can be scaled; utilisation is of requests that every container has, and memory scales before it kills.</summary>
    public static IEnumerable<string> Scaling(IReadOnlyList<JsonObject> objects)
    {
        var workloads = Workload.Of(objects);
        foreach (var scaler in Kinds.Of(objects, "HorizontalPodAutoscaler"))
        {
            var (name, spec) = ($"HorizontalPodAutoscaler {Kinds.Name(scaler)}", scaler["spec"]!);
            if (Target(workloads, spec) is not { Kind: "Deployment" or "StatefulSet" } target || (string?)target.Object["apiVersion"] != (string?)spec["scaleTargetRef"]!["apiVersion"])
            {
                yield return $"{name} scales nothing that can be scaled";
                continue;
            }

            if (Kinds.Of(objects, "HorizontalPodAutoscaler").Count(s => Target(workloads, s["spec"]!) == target) > 1)
            {
                yield return $"{name} is not the only one that scales {target}";
            }

            if ((long?)spec["minReplicas"] is not > 1 || (long?)spec["minReplicas"] > (long?)spec["maxReplicas"])
            {
                yield return $"{name} keeps {spec["minReplicas"]} of at most {spec["maxReplicas"]}";
            }

            foreach (var problem in (spec["metrics"]?.AsArray() ?? []).Select(static m => m!["resource"]).OfType<JsonObject>().SelectMany(resource => Utilisation(target, resource)))
            {
                yield return $"{name}: {problem}";
            }
        }
    }

    /// <summary>How few pods of a workload there are when all is well.</summary>
    private static long Fewest(IReadOnlyList<JsonObject> objects, Workload workload) =>
        Kinds.Of(objects, "HorizontalPodAutoscaler").Where(s => Target([workload], s["spec"]!) is not null).Select(static s => (long?)s["spec"]!["minReplicas"] ?? 1).DefaultIfEmpty((long?)workload.Object["spec"]!["replicas"] ?? 1).First();

    private static Workload? Target(IEnumerable<Workload> workloads, JsonNode scaler) =>
        workloads.FirstOrDefault(w => w.Kind == (string?)scaler["scaleTargetRef"]!["kind"] && w.Name == (string?)scaler["scaleTargetRef"]!["name"]);

    /// <summary>How many of so many pods a budget lets go at once. Kubernetes rounds both percentages up.</summary>
    private static long MayGo(JsonNode budget, long pods) =>
        budget["minAvailable"] is { } kept ? pods - Share(kept, pods, 0) : Share(budget["maxUnavailable"], pods, 0);

    /// <summary>A number, or a percentage of pods rounded up.</summary>
    private static long Share(JsonNode? value, long pods, long otherwise) =>
        value is not JsonValue given ? otherwise
        : given.TryGetValue<long>(out var number) ? number
        : ((long.Parse(((string)given!).TrimEnd('%'), CultureInfo.InvariantCulture) * pods) + 99) / 100;

    private static IEnumerable<string> Utilisation(Workload target, JsonObject resource)
    {
        var (name, percent) = ((string)resource["name"]!, (long?)resource["target"]!["averageUtilization"] ?? 0);
        foreach (var container in target.Containers)
        {
            var request = Workload.Map(container["resources"]?["requests"]).GetValueOrDefault(name);
            if (request is null)
            {
                yield return $"{(string?)container["name"]} asks for no {name}, of which {percent} % are wanted";
            }
            else if (Workload.Map(container["resources"]?["limits"]).GetValueOrDefault(name) is { } limit && PodRules.Quantity(request) * percent / 100 >= PodRules.Quantity(limit))
            {
                yield return $"{(string?)container["name"]} is stopped at {limit} of {name} before {percent} % of {request} are reached";
            }
        }
    }
}
