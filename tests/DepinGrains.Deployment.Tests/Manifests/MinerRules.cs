using System.Net;
using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>Gateways reach miners at any public address and port, which strangers name; silos reach none, and nobody reaches what is private through that door.</summary>
internal static class MinerRules
{
    private static readonly string[] Public = ["8.8.8.8", "100.128.0.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111"];
    private static readonly string[] Private = ["10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::1", "64:ff9b::a00:1", "2002:a01:203::1", "fd00::1", "fe80::1"];

    public static IEnumerable<string> Egress(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects))
        {
            var blocks = Blocks(objects, workload).ToArray();
            var gateway = workload.Matches(new Dictionary<string, string> { ["app.kubernetes.io/name"] = "depin-gateway" });
            foreach (var address in Public.Where(a => blocks.Any(b => Holds(b, a)) != gateway))
            {
                yield return $"{workload} {(gateway ? "does not reach" : "reaches")} {address}, where a miner may serve";
            }

            foreach (var address in Private.Where(a => blocks.Any(b => Holds(b, a))))
            {
                yield return $"{workload} reaches {address} at every port";
            }
        }
    }

    /// <summary>Address ranges to which a workload may speak at every port.</summary>
    private static IEnumerable<JsonNode> Blocks(IReadOnlyList<JsonObject> objects, Workload workload) =>
        from policy in Kinds.Of(objects, "NetworkPolicy")
        where workload.Matches(Workload.Map(policy["spec"]!["podSelector"]?["matchLabels"]))
        from rule in policy["spec"]!["egress"]?.AsArray() ?? []
        where rule["ports"] is null
        from peer in rule["to"]?.AsArray() ?? []
        where peer!["ipBlock"] is not null
        select peer!["ipBlock"]!;

    private static bool Holds(JsonNode block, string address) =>
        Holds((string)block["cidr"]!, address) && !(block["except"]?.AsArray() ?? []).Any(e => Holds((string)e!, address));

    private static bool Holds(string range, string address) => IPNetwork.Parse(range) is var network && IPAddress.Parse(address) is var asked && network.BaseAddress.AddressFamily == asked.AddressFamily && network.Contains(asked);
}
