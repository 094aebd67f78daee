using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Subnets;

/// <summary>A miner that only its node's agent reaches, and a validator that judges it as any other: all of them real programs.</summary>
public sealed class TunnelledMinerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-behind-").FullName;
    private StandaloneProcess _standalone = null!;

    public async ValueTask InitializeAsync()
    {
        _standalone = new StandaloneProcess(Path.Combine(_folder, "standalone"), "--Standalone:Agent", "false", "--Network:TaoBlockTime", "00:00:00.1");
        await _standalone.StartAsync();
        await Person("owner").RunAsync("faucet", "10", "TAO");
        await Person("owner").RunAsync("subnet", "create", "behind", "--task", "deterministic");
        foreach (var (name, value) in ((string, string)[])[("tempo", "30"), ("weights_rate_limit", "10"), ("min_allowed_weights", "2"), ("serving_rate_limit", "1000000"), ("max_regs_per_block", "10"), ("target_regs_per_interval", "10")])
        {
            await Person("owner").RunAsync("subnet", "set", "1", name, value);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _standalone.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_validator_judges_a_miner_through_its_nodes_tunnel_and_sees_when_the_agent_is_gone()
    {
        var (miner, validator) = (Person("miner"), Person("validator"));
        foreach (var person in (Depin[])[miner, validator])
        {
            await person.RunAsync("faucet", "500", "TAO");
            await person.RunAsync("subnet", "register", "1");
        }

        await miner.RunAsync("provider", "put", "mine", "--cpu-usd", "1");
        var port = Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var agent = new AgentProcess(Path.Combine(_folder, "agent"), _standalone.Url, (await miner.RunAsync("node", "join")).Trim(), 31_800, "--tunnel-port", port);
        await using var stopped = agent;
        var node = await Programs.EventuallyAsync("the node is online", async () => (await miner.JsonAsync("node", "list")).AsArray().FirstOrDefault(static n => (string?)n!["status"] == "online") is { } online ? (string)online["id"]! : null);
        string[] line = ["miner", "run", "--netuid", "1", "--listen", $"http://127.0.0.1:{port}", "--node", node];
        await using (var first = new ServiceProcess(_standalone.Url, miner.KeyFile, line))
        {
            var announced = await first.SaysAsync("it announced itself", static l => Is(l, "announced"));
            Assert.Equal((node, $"http://127.0.0.1:{port}/v1"), ((string?)announced["node"], (string?)announced["endpoint"]));
        }

        // A second start has nothing new to say: an announcement this soon would be refused.
        await using var serving = new ServiceProcess(_standalone.Url, miner.KeyFile, line);
        await serving.SaysAsync("it knows where it is", static l => Is(l, "announced"));
        await validator.RunAsync("stake", "add", "100");

        // Private addresses are not for this validator: what it reaches, it reaches through the gateway.
        await using var judging = new ServiceProcess(_standalone.Url, validator.KeyFile, "validator", "run", "--netuid", "1", "--every", "0.5", "--timeout", "60", "--weights-every", "0");
        var set = await judging.SaysAsync("weights", static l => Is(l, "weights"), 180);

        // One earned something; the subnet wants weights for two.
        Assert.Equal(("[0,1]", "[65535,1]"), (set["uids"]!.ToJsonString(), set["values"]!.ToJsonString()));
        Assert.Contains(judging.Lines(), static l => Is(l, "round") && (int)l["good"]! == 1 && l["problems"] is null);
        await agent.DisposeAsync();
        await judging.SaysAsync("the miner is out of reach", static l => Is(l, "round") && (int)l["asked"]! == 1 && (int)l["answered"]! == 0 && (string?)l["problems"]?["not reached"] == "uid 0");
        Assert.DoesNotContain(serving.Lines(), static l => Is(l, "refused"));
    }

    private Depin Person(string name) => new(_standalone.Url, Path.Combine(_folder, name + ".pem"));

    private static bool Is(JsonNode line, string what) => (string?)line["event"] == what;
}
