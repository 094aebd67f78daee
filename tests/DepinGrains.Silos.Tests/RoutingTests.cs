using System.Net.WebSockets;
using System.Text;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Silos.Tests;

/// <summary>Logs and shells reach an agent whichever gateway the tenant came to, and an agent whose gateway stops comes back through another.</summary>
public sealed class RoutingTests
{
    [Fact]
    public async Task LogsAndShell_ThroughTheGatewayTheAgentIsNotAt_AndAfterItsGatewayStopped()
    {
        Needs.AskedFor();
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(silos: 1, gateways: 2);
        using var provider = new Person(network.Addresses, 1);
        await provider.RegisterAsync("provider", "tenant");
        await DeploymentLoad.MoneyAsync(provider);
        await provider.SendAsync(HttpMethod.Post, "/v1/providers", new { name = "test", pricing = new { } });
        await using var agent = await FakeAgent.JoinAsync(network.Addresses, await provider.JoinTokenAsync(), 0);
        using var tenant = new Person(network.Addresses, 2);
        await DeploymentLoad.FundAsync(tenant);
        await Eventually.TrueAsync("the agent is connected", () => Task.FromResult(agent.ConnectedTo == 0), 90);
        var (_, lease) = await DeploymentLoad.DeployAsync(tenant, TimeSpan.FromSeconds(90));
        Assert.NotNull(lease);
        await Eventually.TrueAsync("the agent runs it", () => Task.FromResult(agent.Workloads.Length == 1), 90);

        await SaysAsync(network, tenant, lease, at: 0, agent);
        await SaysAsync(network, tenant, lease, at: 1, agent);

        await network.Gateways[0].SignalAsync("TERM");
        Assert.Equal(0, await network.Gateways[0].EndedAsync(TimeSpan.FromSeconds(60)));
        await Eventually.TrueAsync("the agent went to the other gateway", () => Task.FromResult(agent.ConnectedTo == 1), 90);
        await SaysAsync(network, tenant, lease, at: 1, agent);
        network.Gateways[0].Start();
        await network.Gateways[0].HealthyAsync();
        await SaysAsync(network, tenant, lease, at: 0, agent);
    }

    private static async Task SaysAsync(SiloNetwork network, Person tenant, string lease, int at, FakeAgent agent)
    {
        using var client = new HttpClient { BaseAddress = network.Addresses[at] };
        var token = new TokenIssuer(tenant.Key, tenant.Identity, "depin-local").Issue(["read", "leases:shell"]);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var logs = "";
        await Eventually.TrueAsync($"logs through gateway {at}", async () => (logs = await client.GetStringAsync(new Uri($"/v1/leases/{lease}/logs?tail=5", UriKind.Relative)).ContinueWith(static t => t.IsCompletedSuccessfully ? t.Result : "", TaskScheduler.Default)).Contains("hello from " + agent.Node, StringComparison.Ordinal), 90);

        using var shell = new ClientWebSocket();
        shell.Options.SetRequestHeader("Authorization", "Bearer " + token);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await shell.ConnectAsync(new UriBuilder(new Uri(network.Addresses[at], $"/v1/leases/{lease}/shell?command=true")) { Scheme = "ws" }.Uri, limit.Token);
        var text = new StringBuilder();
        var buffer = new byte[4_096];
        while (shell.State == WebSocketState.Open)
        {
            var received = await shell.ReceiveAsync(buffer.AsMemory(), limit.Token);
            text.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await shell.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
                break;
            }
        }

        Assert.Contains("shell of " + agent.Node, text.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"exitCode\":0", text.ToString(), StringComparison.Ordinal);
    }
}
