using System.Globalization;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Silos.Tests;

/// <summary>The real agent with a real workload while both gateways are replaced by a new build, one after the other.</summary>
public sealed partial class RealAgentTests
{
    private const int PortsEach = 51;

    [Fact]
    public async Task GatewaysAreReplaced_TheAgentComesBackThroughTheOther_AndItsWorkloadNeverNotices()
    {
        Needs.AskedFor();
        Needs.SilosAndPostgres();
        using var key = SigningKey.Generate();
        await using var network = await SiloNetwork.StartAsync(silos: 1, gateways: 2, new Dictionary<string, string> { ["Identities__OperatorKeys__0"] = key.KeyId });
        using var provider = new Person(network.Addresses, 1, key);
        await provider.RegisterAsync("operator", "provider", "tenant");
        await DeploymentLoad.MoneyAsync(provider);
        await provider.SendAsync(HttpMethod.Post, "/v1/providers", new { name = "test", pricing = new { } });
        var (_, token) = await provider.SendAsync(HttpMethod.Post, "/v1/providers/join-tokens", new { lifetimeSeconds = 600 });
        var folder = Directory.CreateTempSubdirectory("depin-real-agent-").FullName;
        try
        {
            await using var agent = new AgentProcess(folder, string.Join(',', network.Addresses), (string)token!["token"]!, FreePorts(), "--containers", "false");
            await Eventually.TrueAsync("the agent is online", async () => (await NodesAsync(provider)).Any(static n => (string?)n!["status"] == "online"), 180);
            using var tenant = new Person(network.Addresses, 2);
            await DeploymentLoad.FundAsync(tenant);
            var (_, lease) = await DeploymentLoad.DeployAsync(tenant, TimeSpan.FromSeconds(180));
            Assert.NotNull(lease);
            var workload = await RunningAsync(tenant, lease);
            using var client = new HttpClient { BaseAddress = new Uri("http://" + (string)workload["addresses"]![0]!) };
            var answered = 0;
            await Eventually.TrueAsync("the workload answers", async () => (answered = await CountAsync(client)) > 0, 90);
            var session = (long)(await NodesAsync(provider)).Single()!["session"]!;

            for (var index = 0; index < network.Gateways.Length; index++)
            {
                var upgrade = network.UpgradeGatewayAsync(index);
                do
                {
                    // A workload that was started again would count from one; one that was stopped would not answer.
                    Assert.Equal(answered + 1, answered = await CountAsync(client));
                    await Eventually.PauseAsync();
                }
                while (!upgrade.IsCompleted);
                await upgrade;
                await Eventually.TrueAsync("the agent is connected to one gateway", async () =>
                    (int)(await provider.ReadAsync("/v1/network/silos"))["agents"]! == 1 && (await NodesAsync(provider)).Single() is var n && (string?)n!["status"] == "online", 180);
            }

            // It had to go to the other gateway at least once, and takes new work there.
            Assert.True((long)(await NodesAsync(provider)).Single()!["session"]! > session, "the agent never connected anew");
            Assert.Equal(answered + 1, await CountAsync(client));
            var (_, second) = await DeploymentLoad.DeployAsync(tenant, TimeSpan.FromSeconds(180));
            Assert.NotNull(second);
            await RunningAsync(tenant, second);
            Assert.Equal(0, (int)(await RunningAsync(tenant, lease))["status"]!["restarts"]!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<JsonArray> NodesAsync(Person provider) => (await provider.ReadAsync("/v1/nodes"))["items"]!.AsArray();

    private static async Task<JsonNode> RunningAsync(Person tenant, string lease)
    {
        JsonNode? workload = null;
        await Eventually.TrueAsync("the workload runs", async () => (string?)(workload = (await tenant.ReadAsync("/v1/leases/" + lease))["workloads"]![0])!["status"]?["phase"] == "running", 180);
        return workload!;
    }

    /// <summary>How many requests the workload has answered, this one included; 0 when it does not answer.</summary>
    private static async Task<int> CountAsync(HttpClient client)
    {
        try
        {
            return int.Parse(Answered().Match(await client.GetStringAsync("/")).Groups[1].Value, CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private static int FreePorts()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(static t => t.Port).ToHashSet();
        return Enumerable.Range(0, 50).Select(static block => 24_000 + (block * PortsEach)).First(first => !Enumerable.Range(first, PortsEach).Any(taken.Contains));
    }

    [GeneratedRegex(@"request (\d+)")]
    private static partial Regex Answered();
}
