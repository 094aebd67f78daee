using System.Globalization;
using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>What every pod must say of itself.</summary>
internal static class PodRules
{
    /// <summary>CPU and memory are asked for, memory is limited, no limit is below what is asked for.</summary>
    public static IEnumerable<string> Resources(IReadOnlyList<JsonObject> objects) =>
        from workload in Workload.Of(objects)
        from container in workload.Containers
        let requests = Workload.Map(container["resources"]?["requests"])
        let limits = Workload.Map(container["resources"]?["limits"])
        from problem in (string?[])
        [
            requests.ContainsKey("cpu") && requests.ContainsKey("memory") ? null : "asks for no CPU or no memory",
            limits.ContainsKey("memory") ? null : "has no memory limit",
            .. limits.Where(l => requests.TryGetValue(l.Key, out var request) && Quantity(request) > Quantity(l.Value)).Select(static l => $"is limited to less {l.Key} than it asks for"),
        ]
        where problem is not null
        select $"{workload}: {(string?)container["name"]} {problem}";

    /// <summary>Pod Security "restricted", and more: the root file system is read-only, no token, bounded scratch folders.</summary>
    public static IEnumerable<string> Security(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects))
        {
            var pod = workload.Spec["securityContext"];
            if (!Is(pod?["runAsNonRoot"], true) || (string?)pod?["seccompProfile"]?["type"] != "RuntimeDefault" || pod["runAsUser"] is null)
            {
                yield return $"{workload}: may run as root, or without seccomp";
            }

            if (!Is(workload.Spec["automountServiceAccountToken"], false))
            {
                yield return $"{workload}: is given a token of the Kubernetes API";
            }

            if (workload.Spec["hostNetwork"] is not null || workload.Spec["hostPID"] is not null || workload.Spec["hostIPC"] is not null)
            {
                yield return $"{workload}: shares the host's namespaces";
            }

            foreach (var container in workload.Containers)
            {
                var context = container["securityContext"];
                if (!Is(context?["allowPrivilegeEscalation"], false) || !Is(context?["readOnlyRootFilesystem"], true) || context?["privileged"] is not null
                    || context?["capabilities"]?["add"] is not null || context?["capabilities"]?["drop"]?.AsArray().Any(static c => (string?)c == "ALL") is not true)
                {
                    yield return $"{workload}: {(string?)container["name"]} keeps rights";
                }
            }

            foreach (var volume in (workload.Spec["volumes"]?.AsArray() ?? []).Where(static v => v!["hostPath"] is not null || (v["emptyDir"] is { } empty && empty["sizeLimit"] is null)))
            {
                yield return $"{workload}: volume {(string?)volume!["name"]} is the host's or has no bound";
            }
        }
    }

    /// <summary>ConfigMaps, claims, service accounts, volumes and scale targets that are named are there; Secrets are named in k8s/README.md, which says how to make them.</summary>
    public static IEnumerable<string> References(IReadOnlyList<JsonObject> objects)
    {
        var readme = File.ReadAllText(Repository.At("k8s", "README.md"));
        bool There(string kind, JsonNode? name) => Kinds.Of(objects, kind).Any(o => Kinds.Name(o) == (string?)name);
        foreach (var workload in Workload.Of(objects))
        {
            var volumes = workload.Spec["volumes"]?.AsArray() ?? [];
            var secrets = workload.Containers.SelectMany(static c => c["env"]?.AsArray() ?? []).Select(static e => e!["valueFrom"]?["secretKeyRef"]?["name"]).Concat(volumes.Select(static v => v!["secret"]?["secretName"]));
            var maps = workload.Containers.SelectMany(static c => c["envFrom"]?.AsArray() ?? []).Select(static e => e!["configMapRef"]?["name"]);
            var mounts = workload.Containers.SelectMany(static c => c["volumeMounts"]?.AsArray() ?? []).Select(static m => (string?)m!["name"]);
            var known = volumes.Concat(workload.Object["spec"]!["volumeClaimTemplates"]?.AsArray() ?? []).Select(static v => (string?)v!["name"] ?? (string?)v["metadata"]?["name"]);
            IEnumerable<string> missing =
            [
                .. secrets.Where(s => s is not null && !readme.Contains($"secret generic {(string?)s} ", StringComparison.Ordinal)).Select(static s => $"Secret {s} is not made in k8s/README.md"),
                .. maps.Where(m => m is not null && !There("ConfigMap", m)).Select(static m => $"ConfigMap {m} is missing"),
                .. volumes.Select(static v => v!["persistentVolumeClaim"]?["claimName"]).Where(c => c is not null && !There("PersistentVolumeClaim", c)).Select(static c => $"claim {c} is missing"),
                .. mounts.Except(known).Select(static m => $"volume {m} is missing"),
                .. workload.Spec["serviceAccountName"] is { } account && !There("ServiceAccount", account) ? [$"ServiceAccount {account} is missing"] : Array.Empty<string>(),
            ];
            foreach (var problem in missing)
            {
                yield return $"{workload}: {problem}";
            }
        }

        foreach (var scaler in Kinds.Of(objects, "HorizontalPodAutoscaler").Where(h => !There((string)h["spec"]!["scaleTargetRef"]!["kind"]!, h["spec"]!["scaleTargetRef"]!["name"])))
        {
            yield return $"HorizontalPodAutoscaler {Kinds.Name(scaler)} scales nothing";
        }

        foreach (var scaled in Kinds.Of(objects, "HorizontalPodAutoscaler").SelectMany(h => Workload.Of(objects).Where(w => w.Name == (string?)h["spec"]!["scaleTargetRef"]!["name"] && w.Object["spec"]!["replicas"] is not null)))
        {
            yield return $"{scaled} says how many replicas it wants although it is scaled: every apply would undo the scaling";
        }
    }

    /// <summary>Bytes, or cores.</summary>
    public static decimal Quantity(string text)
    {
        var digits = text.TrimEnd("mkKMGTPEi".ToCharArray());
        decimal factor = text[digits.Length..] switch { "" => 1m, "m" => 0.001m, "k" => 1e3m, "M" => 1e6m, "G" => 1e9m, "T" => 1e12m, "Ki" => 1L << 10, "Mi" => 1L << 20, "Gi" => 1L << 30, "Ti" => 1L << 40, var unit => throw new FormatException($"{text}: unit {unit}") };
        return decimal.Parse(digits, CultureInfo.InvariantCulture) * factor;
    }

    private static bool Is(JsonNode? node, bool value) => node is JsonValue v && v.TryGetValue<bool>(out var found) && found == value;
}
