using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>
/// The walk a stranger takes, with the real programs: standalone, two more machines, an SDL, bids and reasons, a workload that answers, logs, cost, top-up, kill -9, close.
/// The ledger must be clean before and after.
/// </summary>
public sealed class WalkTests : StandaloneWalk
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly List<AgentProcess> _agents = [];

    public override async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        _http.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task FromAnSdlFileToARunningMeteredPaidLease()
    {
        var root = await _http.GetAsync(new Uri(Standalone.Lines[0]));
        Assert.True(root.IsSuccessStatusCode);

        await JoinAsync("cheap", "0.10", 31_000);
        await JoinAsync("dear", "9.00", 32_000);
        var tenant = Person("tenant");
        await Programs.EventuallyAsync("three nodes online", async () =>
            (await tenant.JsonAsync("node", "list")).AsArray().Count(static n => (string?)n!["status"] == "online") == 3 ? "yes" : null);

        await tenant.RunAsync("faucet", "100", "ACT");
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200");
        Assert.True((bool)deployed["running"]!, deployed.ToJsonString());
        var id = (string)deployed["deployment"]!["id"]!;
        var lease = deployed["leases"]![0]!;
        var address = "http://" + (string)lease["workloads"]![0]!["addresses"]![0]!;

        await CheapestWonAsync(tenant, id, lease);
        var hello = await Programs.EventuallyAsync("the workload answers", async () => (string?)await _http.GetStringAsync(new Uri(address)));
        Assert.Contains("hello from " + (string)lease["id"]!, hello, StringComparison.Ordinal);
        await ReasonsAsync(tenant);
        Assert.Contains("request 1", await tenant.RunAsync("lease", "logs", (string)lease["id"]!), StringComparison.Ordinal);
        await CostRisesAsync(tenant, id);
        await tenant.RunAsync("ledger", "verify", "ACT");

        await Standalone.KillAsync();
        await Standalone.StartAsync();
        await tenant.RunAsync("ledger", "verify", "ACT");
        Assert.Equal("active", (string?)(await tenant.JsonAsync("lease", "show", (string)lease["id"]!))["status"]);
        Assert.Contains("MiB of memory, started again 0 times", await tenant.RunAsync("lease", "show", (string)lease["id"]!), StringComparison.Ordinal);
        hello = await Programs.EventuallyAsync("the workload answers still", async () => (string?)await _http.GetStringAsync(new Uri(address)));
        Assert.Contains("hello from " + (string)lease["id"]!, hello, StringComparison.Ordinal);

        await CloseAsync(tenant, id, address);
    }

    private async Task JoinAsync(string name, string cpuUsd, int firstPort)
    {
        var provider = Person(name);
        await provider.RunAsync("faucet", "10", "ACT");
        await provider.RunAsync("provider", "put", name, "--cpu-usd", cpuUsd);
        var token = (await provider.RunAsync("node", "join")).Trim();
        _agents.Add(new AgentProcess(Path.Combine(Folder, "agent-" + name), Standalone.Url, token, firstPort));
    }

    private static async Task CheapestWonAsync(Depin tenant, string id, JsonNode lease)
    {
        var bids = (await tenant.JsonAsync("bids", "list", id)).AsArray();
        Assert.Equal(3, bids.Count);
        var cheapest = bids.MinBy(static b => decimal.Parse((string)b!["price"]!, System.Globalization.CultureInfo.InvariantCulture))!;
        Assert.Equal((string?)cheapest["provider"], (string?)lease["terms"]!["provider"]);
        Assert.Equal(2, bids.Count(static b => (string?)b!["status"] == "lost"));
    }

    /// <summary>Nobody here has a card: everyone's reason must say so.</summary>
    private static async Task ReasonsAsync(Depin tenant)
    {
        var (code, output, progress) = await tenant.TryAsync("deploy", "samples/gpu.yaml", "--wait", "4", "-o", "json");
        Assert.Equal(3, code);
        Assert.Contains("open, ceiling", progress, StringComparison.Ordinal);
        var gpu = JsonNode.Parse(output)!;
        Assert.Empty(gpu["leases"]!.AsArray());
        var why = await tenant.JsonAsync("market", "why", (string)gpu["deployment"]!["id"]!);
        Assert.Equal(3, why["verdicts"]!.AsArray().Select(static v => (string?)v!["provider"]).Distinct().Count());
        await tenant.RunAsync("deployment", "close", (string)gpu["deployment"]!["id"]!);
    }

    private static async Task CostRisesAsync(Depin tenant, string id)
    {
        var before = (await tenant.JsonAsync("deployment", "show", id))["escrow"]!;
        await Programs.EventuallyAsync("the cost rises", async () => (long)(await tenant.JsonAsync("deployment", "show", id))["escrow"]!["costSoFar"]! > (long)before["costSoFar"]! ? "yes" : null);
        Assert.True((DateTimeOffset)before["runsOutAt"]! > DateTimeOffset.UtcNow, before.ToJsonString());
        Assert.Contains("paid until 20", await tenant.RunAsync("deployment", "show", id), StringComparison.Ordinal);
        await tenant.RunAsync("deployment", "deposit", id, "2");
        var after = (await tenant.JsonAsync("deployment", "show", id))["escrow"]!;
        Assert.True((long)after["funds"]! > 6_900_000, after.ToJsonString());
    }

    private async Task CloseAsync(Depin tenant, string id, string address)
    {
        Assert.Equal("closed", (string?)(await tenant.JsonAsync("deployment", "close", id))["status"]);
        await Programs.EventuallyAsync("the workload is gone", async () =>
        {
            try
            {
                await _http.GetStringAsync(new Uri(address));
                return null;
            }
            catch (HttpRequestException)
            {
                return "gone";
            }
        });
        var balance = await tenant.JsonAsync("ledger", "balance", "ACT");
        Assert.InRange((long)balance["available"]!, 99_990_000, 100_000_000 - 1);
        Assert.Equal(0, (long)balance["held"]!);
        await tenant.RunAsync("ledger", "verify", "ACT");
    }
}
