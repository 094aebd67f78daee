using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>Behind an Ingress everybody has its address, unless it is trusted to tell theirs; and whoever is trusted must be the only one who can come.</summary>
internal static class ProxyRules
{
    private const string Trusted = "Http__TrustedProxies__";

    /// <summary>What an Ingress leads to trusts somebody, and who trusts somebody is open to nobody in particular.</summary>
    public static IEnumerable<string> Trust(IReadOnlyList<JsonObject> objects)
    {
        var behind = Kinds.Of(objects, "Ingress").SelectMany(static i => i["spec"]!["rules"]!.AsArray()).SelectMany(static r => r!["http"]!["paths"]!.AsArray())
            .Select(static p => (string?)p!["backend"]!["service"]!["name"]).ToHashSet();
        foreach (var workload in Workload.Of(objects))
        {
            var trusts = workload.Containers.Any(c => HostRules.Environment(objects, c).Keys.Any(static k => k.StartsWith(Trusted, StringComparison.Ordinal)));
            if (!trusts && Kinds.Of(objects, "Service").Any(s => behind.Contains(Kinds.Name(s)) && workload.Matches(Workload.Map(s["spec"]!["selector"]))))
            {
                yield return $"{workload}: behind an Ingress, which it does not trust: all clients share one limit";
            }

            if (trusts && Kinds.Of(objects, "NetworkPolicy").Any(p => workload.Matches(Workload.Map(p["spec"]!["podSelector"]?["matchLabels"])) && (p["spec"]!["ingress"]?.AsArray() ?? []).Any(static r => r!["from"] is null)))
            {
                yield return $"{workload}: trusts proxies, and anybody may come from where they are";
            }
        }
    }
}
