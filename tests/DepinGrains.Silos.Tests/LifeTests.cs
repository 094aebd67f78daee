using System.Diagnostics;
using System.Net;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Tests.Telemetry;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Silos.Tests;

/// <summary>How the two processes start and say what is wrong.</summary>
public sealed class LifeTests
{
    [Theory]
    [InlineData("DepinGrains.Silo")]
    [InlineData("DepinGrains.Gateway")]
    public async Task WithoutAStore_OrWithoutOrleans_ItEndsWith78AndOneSentence(string project)
    {
        var (code, error) = await HostProcess.RunToEndAsync(project, new Dictionary<string, string> { ["Store__Connection"] = "this is none" });
        Assert.Equal(78, code);
        Assert.Contains(Needs.Orleans ? "Store:Connection must be a PostgreSQL connection string" : "need the Orleans build", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task ASettingThatCannotBe_EndsWith78AndTheSentence()
    {
        Assert.SkipUnless(Needs.Orleans, "skipped: needs Microsoft.Orleans");
        var (code, error) = await HostProcess.RunToEndAsync("DepinGrains.Silo", new Dictionary<string, string> { ["Store__Connection"] = "Host=127.0.0.1;Port=1", ["Silo__Address"] = "somewhere" });
        Assert.Equal(78, code);
        Assert.Contains("Silo: Address", error, StringComparison.Ordinal);
    }

    /// <summary>As in k8s/, where a job migrates: whoever comes before it ends and is started again, instead of failing at whatever is new.</summary>
    [Theory]
    [InlineData("DepinGrains.Silo")]
    [InlineData("DepinGrains.Gateway")]
    public async Task BeforeTheMigration_ItEndsWith74AndOneSentence(string project)
    {
        Needs.SilosAndPostgres();
        var (code, error) = await HostProcess.RunToEndAsync(project, new Dictionary<string, string>
        {
            ["Store__Connection"] = await (await PostgresCluster.SharedAsync()).NewDatabaseAsync(),
            ["Silo__Migrate"] = "false",
            ["Secrets__MasterKeys__0"] = Convert.ToBase64String(new byte[32]),
        });
        Assert.Equal(74, code);
        Assert.Contains("the database is not migrated to what this version needs", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => !line.Contains("libgssapi", StringComparison.Ordinal));
    }

    /// <summary>What an operator follows from the gateway's span into the grain that did the work, in another process.</summary>
    [Fact]
    public async Task ARequestsTrace_GoesOnInTheGrainsOfASilo_AndEveryHostSaysItsRuntime()
    {
        Needs.SilosAndPostgres();
        await using var collector = await OtlpCollector.StartAsync(IPAddress.Any);
        var address = $"http://{SiloNetwork.Here}:{new Uri(collector.Address("grpc")).Port}";
        await using var network = await SiloNetwork.StartAsync(1, 1, new Dictionary<string, string> { ["Telemetry__OtlpEndpoint"] = address, ["Telemetry__TraceRatio"] = "1" });
        using var person = new Person(network.Addresses, 1);
        await person.RegisterAsync("tenant");
        var request = await collector.FindAsync(collector.Spans, static s => s.Text == "POST /v1/identities/" && s.Attributes["service.name"] == "depin-gateway", "span of the request");
        await collector.FindAsync(collector.Spans, s => s.TraceId == request.TraceId && s.Attributes["service.name"] == "depin-silo" && s.Text == "IIdentityGrain/RegisterAsync", "span of the grain");

        using var client = new HttpClient();
        foreach (var host in network.Silos.Concat(network.Gateways))
        {
            Assert.Equal("""{"status":"healthy","runtime":"Orleans"}""", await client.GetStringAsync(new Uri(host.Management, "/health")));
        }

        // A probe is no request of the API, and its 503 no caller's.
        Assert.DoesNotContain("http_server_request_duration", await client.GetStringAsync(new Uri(network.Silos[0].Management, "/metrics")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGatewayToldToStop_WhileItLooksForSilos_EndsInOrder()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(silos: 1, gateways: 1);
        var gateway = network.Gateways[0];
        await gateway.StopAsync();
        await network.Silos[0].StopAsync();
        gateway.Start();
        await Eventually.TrueAsync("it looks for silos", () => Task.FromResult(gateway.LogEnd(int.MaxValue).Contains("Could not find any gateway", StringComparison.Ordinal)), 60);
        await gateway.StopAsync();
        Assert.Contains("no silo was found before it was told to stop", gateway.LogEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGatewayWithoutSilos_IsAlive_NotReady_AndAnswersWhy()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(silos: 1, gateways: 1);
        using var client = new HttpClient { BaseAddress = network.Addresses[0] };
        await Eventually.TrueAsync("the gateway answers", async () => (int)(await client.GetAsync("/v1/pool")).StatusCode == 200, 60);
        Assert.Equal(404, (int)(await client.GetAsync("/health/ready")).StatusCode);

        await network.Silos[0].KillAsync();
        var watch = Stopwatch.StartNew();
        using var away = await client.GetAsync("/v1/pool");
        Assert.Equal(503, (int)away.StatusCode);
        Assert.NotNull(away.Headers.RetryAfter);
        Assert.Equal("application/problem+json", away.Content.Headers.ContentType?.MediaType);
        Assert.Contains("service.unavailable", await away.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(90), $"it took {watch.Elapsed}");
        Assert.Equal(200, await network.Gateways[0].StatusAsync("live"));

        network.Silos[0].Start();
        await network.Silos[0].HealthyAsync();
        await Eventually.TrueAsync("the gateway found the new silo", async () => (int)(await client.GetAsync("/v1/pool")).StatusCode == 200, 60);
    }

    /// <summary>What a grain says about its store crosses two processes: a caller must be told to ask again, not that something is broken.</summary>
    [Fact]
    public async Task WhileTheDatabaseIsAway_CallsOfGrainsAreAnswered503WithRetryAfter_AndServedAgainAfterwards()
    {
        Needs.SilosAndPostgres();
        await using var network = await SiloNetwork.StartAsync(silos: 2, gateways: 1);
        using var person = new Person(network.Addresses, 1);
        await person.RegisterAsync("tenant");
        var path = $"/v1/staking/rao/hotkeys/{person.Identity}/{person.Key.KeyId}/stake";
        Assert.Equal(0, (long)(await person.ReadAsync(path))["stake"]!);
        using var client = new HttpClient { BaseAddress = network.Addresses[0] };
        client.DefaultRequestHeaders.Authorization = new("Bearer", new TokenIssuer(person.Key, person.Identity, "depin-local").Issue(["read"]));

        await network.Postgres.StopServerAsync("immediate");
        for (var i = 0; i < 3; i++)
        {
            using var away = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True((int)away.StatusCode == 503 && away.Headers.RetryAfter is not null, $"{(int)away.StatusCode} {await away.Content.ReadAsStringAsync()}\n{network.Gateways[0].LogEnd()}");
            Assert.Contains("service.unavailable", await away.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await network.Postgres.StartServerAsync();
        Assert.Equal(0, (long)(await person.ReadAsync(path))["stake"]!);
    }
}
