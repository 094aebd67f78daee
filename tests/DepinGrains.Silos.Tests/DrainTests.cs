using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Hosting;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Silos.Tests;

/// <summary>
/// How real processes turn work away and come to their end: a gateway that is full, a gateway and a silo that are told to stop while work is under way, one that has work that never ends, and a node taken out of
/// the market. A frozen silo keeps requests in flight for as long as a test wants.
/// </summary>
public sealed class DrainTests
{
    private const string NeedsASilo = "/v1/pool";
    private const string NeedsTheStoreOnly = "/v1/subnets";

    [Fact]
    public async Task AFullGateway_RefusesWithRetryAfterAndSaysSoInItsMetrics_StreamsDoNotFillIt_AndItServesAgain()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(1, 1, new Dictionary<string, string> { ["Gateway__RequestsInFlightMax"] = "2" });
        var gateway = network.Gateways[0];
        using var client = new HttpClient { BaseAddress = network.Addresses[0] };
        await AnswersAsync(client, NeedsASilo);

        // Two readers of events are open: they hold no place.
        using var one = await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        using var two = await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (one.StatusCode, two.StatusCode));

        await network.Silos[0].SignalAsync("STOP");
        var held = await HoldAsync(client, gateway, 2, beside: 2);
        using var refused = await client.GetAsync(NeedsTheStoreOnly);
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.Equal((503, "service.overloaded"), ((int)refused.StatusCode, (string?)problem["code"]));
        Assert.Contains("works on 2 requests", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero, refused.Headers.RetryAfter?.ToString());
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);

        // What an operator's panel and alert of errors count, and the load balancer is not told to go: who asks again is served.
        await Eventually.TrueAsync("the refusal is counted", async () => await gateway.MetricAsync("http_server_request_duration_seconds_count{", "http_response_status_code=\"503\"") == 1, 10);
        Assert.Equal(200, await gateway.StatusAsync("ready"));

        await network.Silos[0].SignalAsync("CONT");
        Assert.All(await held, static status => Assert.Equal(200, status));
        Assert.Equal(200, (int)(await client.GetAsync(NeedsTheStoreOnly)).StatusCode);
    }

    [Fact]
    public async Task AGatewayToldToStop_SaysItIsNotReady_ServesOnForItsDelay_FinishesWhatIsUnderWay_AndEndsWith0()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(1, 1, new Dictionary<string, string> { ["Management__DrainDelay"] = "00:00:03", ["Silos__CallTimeout"] = "00:01:00" });
        var gateway = network.Gateways[0];
        using var client = new HttpClient { BaseAddress = network.Addresses[0] };
        await AnswersAsync(client, NeedsASilo);
        await network.Silos[0].SignalAsync("STOP");
        var held = await HoldAsync(client, gateway, 5);

        await gateway.SignalAsync("TERM");
        await Eventually.TrueAsync("it says that it drains", async () => await gateway.StatusAsync("ready") == 503, 3);
        Assert.Equal((200, 200), (await gateway.StatusAsync("live"), (int)(await client.GetAsync(NeedsTheStoreOnly)).StatusCode));

        // Load balancers had their time: who comes anew finds nobody, who was there is still waited for.
        await Eventually.TrueAsync("nobody new is let in", async () => !await ConnectsAsync(network.Addresses[0]), 30);
        Assert.True(gateway.Running && !held.IsCompleted, gateway.LogEnd());
        await network.Silos[0].SignalAsync("CONT");
        Assert.All(await held, static status => Assert.Equal(200, status));
        Assert.Equal(0, await gateway.EndedAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task AGatewayWithWorkThatNeverEnds_EndsAllTheSame_WithinItsShutdownTimeout()
    {
        Needs.SilosAndPostgres();
        var limit = TimeSpan.FromSeconds(4);
        await using var network = await SiloNetwork.StartAsync(1, 1, new Dictionary<string, string> { ["Management__ShutdownTimeout"] = limit.ToString(), ["Silos__CallTimeout"] = "00:05:00" });
        var gateway = network.Gateways[0];
        using var client = new HttpClient { BaseAddress = network.Addresses[0] };
        await AnswersAsync(client, NeedsASilo);
        await network.Silos[0].SignalAsync("STOP");
        var held = await HoldAsync(client, gateway, 1);

        var watch = Stopwatch.StartNew();
        await gateway.SignalAsync("TERM");
        var code = await gateway.EndedAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, $"{code}: {gateway.LogEnd()}");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, limit + TimeSpan.FromSeconds(10));
        Assert.Equal(0, Assert.Single(await held));
    }

    [Fact]
    public async Task ASiloToldToStop_SaysItIsNotReady_FinishesWhatIsUnderWay_LeavesItsGrainsToTheOther_AndEndsWith0()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(2, 1, new Dictionary<string, string> { ["Management__DrainDelay"] = "00:00:03" });
        var people = Enumerable.Range(0, 4).Select(i => new Person(network.Addresses, i)).ToArray();
        await using var silos = await SilosClient.StartAsync(network);
        foreach (var person in people)
        {
            await TransferLoad.FundAsync(person);
        }

        using var stop = new CancellationTokenSource();
        var time = new Timeline();
        var load = new TransferLoad(people, time, 3);
        var running = load.RunAsync(stop.Token);
        var old = network.SiloAt(await silos.HomeOfLedgerAsync(HoldLoad.Token));
        await Eventually.TrueAsync("money moves", () => Task.FromResult(load.Acknowledged > 20), 60);

        var told = time.Now;
        await old.SignalAsync("TERM");
        await Eventually.TrueAsync("it says that it drains", async () => await old.StatusAsync("ready") == 503, 3);
        Assert.True(old.Running);
        Assert.Equal(0, await old.EndedAsync(TimeSpan.FromSeconds(60)));
        Assert.NotSame(old, network.SiloAt(await silos.HomeOfLedgerAsync(HoldLoad.Token)));
        var acknowledged = load.Acknowledged;
        await Eventually.TrueAsync("money moves on", () => Task.FromResult(load.Acknowledged > acknowledged + 20), 60);
        await stop.CancelAsync();
        await running;

        // Nothing was lost; who was in the midst of it waited for the ledger to be opened elsewhere, and not for a silo to be declared dead.
        Assert.Empty(await load.AuditAsync());
        Assert.InRange(time.Longest(told), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        foreach (var person in people)
        {
            person.Dispose();
        }
    }

    /// <summary>What <c>depin admin node drain</c> sends, through one gateway; who deploys through the other gets no lease there, nor after the silo that heard it was killed.</summary>
    [Fact]
    public async Task ANodeThatAnOperatorDrains_KeepsItsLease_TakesNoNewOne_AndDoesAgainWhenResumed()
    {
        Needs.SilosAndPostgres();
        using var key = SigningKey.Generate();
        await using var network = await SiloNetwork.StartAsync(2, 2, new Dictionary<string, string> { ["Identities__OperatorKeys__0"] = key.KeyId });
        using var chief = new Person(network.Addresses[..1], 1, key);
        using var provider = new Person(network.Addresses, 2);
        using var tenant = new Person(network.Addresses[1..], 3);
        await chief.RegisterAsync("operator");
        await provider.RegisterAsync("provider", "tenant");
        await DeploymentLoad.MoneyAsync(provider);
        await provider.SendAsync(HttpMethod.Post, "/v1/providers", new { name = "test", pricing = new { } });
        await DeploymentLoad.FundAsync(tenant);
        await using var agent = await FakeAgent.JoinAsync(network.Addresses, await provider.JoinTokenAsync(), 0);
        await Eventually.TrueAsync("the node is online", async () => await StatusAsync(provider) == "online", 90);
        var (deployment, lease) = await DeploymentLoad.DeployAsync(tenant, TimeSpan.FromSeconds(90));
        Assert.NotNull(lease);

        Assert.Equal(403, (await tenant.SendAsync(HttpMethod.Post, $"/v1/nodes/{agent.Node}/drain", new { drain = true })).Status);
        Assert.Equal(200, (await chief.SendAsync(HttpMethod.Post, $"/v1/nodes/{agent.Node}/drain", new { drain = true })).Status);
        await NoLeaseAsync(tenant, "draining");
        Assert.Equal("active", (string?)(await tenant.ReadAsync("/v1/leases/" + lease))["status"]);

        await network.Silos[1].KillAsync();
        await Eventually.TrueAsync("the other silo answers for all", async () => await StatusAsync(provider) == "draining", 90);
        await NoLeaseAsync(tenant, "draining");

        Assert.Equal(200, (await chief.SendAsync(HttpMethod.Post, $"/v1/nodes/{agent.Node}/drain", new { drain = false })).Status);
        await Eventually.TrueAsync("the node is online again", async () => await StatusAsync(provider) == "online", 90);
        Assert.NotNull((await DeploymentLoad.DeployAsync(tenant, TimeSpan.FromSeconds(90))).Lease);
        await DeploymentLoad.CloseAsync(tenant, deployment);
    }

    /// <summary>An order finds nobody, and is told that it is for the node's state.</summary>
    private static async Task NoLeaseAsync(Person tenant, string why)
    {
        var (status, made) = await tenant.SendAsync(HttpMethod.Post, "/v1/deployments", new { sdl = DeploymentLoad.Sdl, deposit = 5_000_000 });
        Assert.True(status is 200 or 201 or 202, $"{status} {made?.ToJsonString()}");
        var id = (string)made!["id"]!;
        var said = "";
        await Eventually.TrueAsync(
            "the order is told why nobody bids",
            async () => (said = (await tenant.ReadAsync($"/v1/deployments/{id}/groups/1/orders/1/why")).ToJsonString()).Contains(why, StringComparison.Ordinal),
            60,
            () => null);
        Assert.Null((string?)(await tenant.ReadAsync($"/v1/deployments/{id}"))["groups"]?[0]?["order"]?["leaseId"]);
        await DeploymentLoad.CloseAsync(tenant, id);
    }

    private static async Task<string?> StatusAsync(Person provider) => (string?)(await provider.ReadAsync("/v1/nodes"))["items"]!.AsArray().Single()!["status"];

    private static Task AnswersAsync(HttpClient client, string path) => Eventually.TrueAsync("the gateway answers", async () => (int)(await client.GetAsync(path)).StatusCode == 200, 60);

    /// <summary>Requests that hang at a frozen silo, once all of them are in flight beside those that are anyway and the one that asks; the task's result is their statuses, 0 for one that was cut off.</summary>
    private static async Task<Task<int[]>> HoldAsync(HttpClient client, HostProcess gateway, int count, int beside = 0)
    {
        var held = Task.WhenAll(Enumerable.Range(0, count).Select(_ => StatusOfAsync(client, NeedsASilo)));
        await Eventually.TrueAsync($"{count} requests are in flight", async () => await gateway.MetricAsync("http_server_active_requests{") == count + beside + 1, 30);
        return held;
    }

    private static async Task<int> StatusOfAsync(HttpClient client, string path)
    {
        try
        {
            using var answer = await client.GetAsync(path);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private static async Task<bool> ConnectsAsync(Uri address)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
