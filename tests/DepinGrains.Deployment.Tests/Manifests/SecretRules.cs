using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>Every Secret that is referred to is one that k8s/README.md has people make, with every key that is read out of it.</summary>
internal static partial class SecretRules
{
    public static IEnumerable<string> Made(IReadOnlyList<JsonObject> objects)
    {
        var readme = File.ReadAllText(Repository.At("k8s", "README.md"));
        var made = Create().Matches(readme).GroupBy(static m => m.Groups[1].Value, static m => Key().Matches(m.Value).Select(static k => k.Groups[1].Value))
            .ToDictionary(static g => g.Key, static g => g.SelectMany(static k => k).ToHashSet());
        foreach (var (where, name, key) in References(objects).Distinct())
        {
            if (!made.TryGetValue(name, out var keys))
            {
                // A certificate is made by hand or by cert-manager: it is named, how is their business.
                if (key is not null || !readme.Contains($"`{name}`", StringComparison.Ordinal))
                {
                    yield return $"{where}: Secret {name} is not made in k8s/README.md";
                }
            }
            else if (key is not null && !keys.Contains(key))
            {
                yield return $"{where}: Secret {name} is made in k8s/README.md without the key {key}";
            }
        }

        // And nothing secret is in the files.
        foreach (var secret in Kinds.Of(objects, "Secret"))
        {
            yield return $"Secret {Kinds.Name(secret)} is in a manifest";
        }
    }

    /// <summary>(who, Secret, key; null: all of it).</summary>
    private static IEnumerable<(string Where, string Name, string? Key)> References(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects))
        {
            foreach (var secret in workload.Containers.SelectMany(static c => c["env"]?.AsArray() ?? []).Select(static e => e!["valueFrom"]?["secretKeyRef"]).OfType<JsonObject>())
            {
                yield return (workload.ToString(), (string)secret["name"]!, (string?)secret["key"]);
            }

            foreach (var secret in workload.Containers.SelectMany(static c => c["envFrom"]?.AsArray() ?? []).Select(static e => e!["secretRef"]).Concat(workload.Spec["imagePullSecrets"]?.AsArray() ?? []).OfType<JsonObject>())
            {
                yield return (workload.ToString(), (string)secret["name"]!, null);
            }

            foreach (var secret in (workload.Spec["volumes"]?.AsArray() ?? []).Select(static v => v!["secret"]).OfType<JsonObject>())
            {
                foreach (var item in secret["items"]?.AsArray() ?? [null])
                {
                    yield return (workload.ToString(), (string)secret["secretName"]!, (string?)item?["key"]);
                }
            }
        }

        foreach (var ingress in Kinds.Of(objects, "Ingress"))
        {
            foreach (var secret in (ingress["spec"]!["tls"]?.AsArray() ?? []).Select(static t => (string?)t!["secretName"]).OfType<string>())
            {
                yield return ($"Ingress {Kinds.Name(ingress)}", secret, null);
            }
        }
    }

    [GeneratedRegex(@"create secret generic (\S+) [^\n]*")]
    private static partial Regex Create();

    [GeneratedRegex(@"--from-(?:literal|file)=([A-Za-z0-9_.-]+)=")]
    private static partial Regex Key();
}
