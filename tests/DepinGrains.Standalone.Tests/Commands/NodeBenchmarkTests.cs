using System.Text.Json.Nodes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary><c>depin subnet register --node</c> against a running network: the node's own agent does the work.</summary>
public sealed class NodeBenchmarkTests(RunningNetwork network)
{
    [Fact]
    public async Task Register_WaitsWhileTheNodesAgentDoesTheBenchmark_AndSaysHowItGoes()
    {
        await network.ReadyAsync();
        var owner = network.Operator;
        var node = (string)(await owner.JsonAsync("node", "list")).AsArray().First(static n => (string?)n!["status"] == "online")!["id"]!;
        await owner.RunAsync("faucet", "3", "TAO");
        var netuid = (await owner.JsonAsync("subnet", "create", "bench", "--task", "deterministic"))["netuid"]!.ToString();
        await owner.RunAsync("subnet", "set", netuid, "benchmark_work", "12");
        await owner.RunAsync("subnet", "set", netuid, "benchmark_time_ms", "100000");

        // Another's node is no proof, and none of one's own either.
        var (tenant, _) = await network.ReadyAsync();
        var (foreign, _, why) = await tenant.TryAsync("subnet", "register", netuid, "--node", node, "-o", "json");
        Assert.Equal((1, "registration.node_foreign"), (foreign, (string?)JsonNode.Parse(why)!["code"]));
        Assert.Equal(1, (await owner.TryAsync("subnet", "register", netuid)).Code);

        var (exit, output, progress) = await owner.TryAsync("subnet", "register", netuid, "--node", node, "-o", "json");
        Assert.True(exit == 0, progress);
        Assert.Equal(0, (int)JsonNode.Parse(output)!["uid"]!);
        Assert.Contains("waiting for the agent", progress, StringComparison.Ordinal);
        Assert.Contains("passed in", progress, StringComparison.Ordinal);
        Assert.Equal(node, (string?)(await owner.JsonAsync("subnet", "neurons")).AsArray().Single(n => n!["netuid"]!.ToString() == netuid)!["node"]);
    }
}
