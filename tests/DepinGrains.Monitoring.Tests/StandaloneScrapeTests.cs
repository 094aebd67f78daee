using DepinGrains.Monitoring.Tests.Grafana;
using DepinGrains.Monitoring.Tests.Live;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Monitoring.Tests;

/// <summary>A real Prometheus beside a real standalone: what an operator on a laptop sees.</summary>
public sealed class StandaloneScrapeTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-monitoring-").FullName;
    private StandaloneProcess _standalone = null!;
    private string _management = "";

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Files.Prometheus))
        {
            return;
        }

        _standalone = new StandaloneProcess(Path.Combine(_folder, "standalone"), "--MarketMetrics:Every", "00:00:01", "--Deployments:BidWindow", "00:00:01");
        await _standalone.StartAsync();
        _management = await Programs.EventuallyAsync("the address of the metrics is printed", () =>
        {
            lock (_standalone.Lines)
            {
                return Task.FromResult(_standalone.Lines.Find(static l => l.StartsWith("metrics", StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_standalone is not null)
        {
            await _standalone.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task EveryPanelAndEveryAlert_FindsItsData_AndNothingElseIsServedThere()
    {
        Files.Need(File.Exists(Files.Prometheus), "prometheus (Debian's package)");
        await using var prometheus = await PrometheusServer.StartAsync(("depin-standalone", new Uri(_management).Authority));
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(stop.Token);
        string[] postgres = ["db_client_"];
        await ScrapeCheck.EverythingHasDataAsync(prometheus, load, 400, Needs.Orleans ? postgres : [.. postgres, "histogram_quantile(0.5, sum by (le) (rate(orleans_", "histogram_quantile(0.95, sum by (le) (rate(orleans_", "histogram_quantile(0.99, sum by (le) (rate(orleans_"]);
        await stop.CancelAsync();
        await load;

        using var http = new HttpClient();
        Assert.Equal("ok\n", await http.GetStringAsync(_management.Replace("/metrics", "/health/ready", StringComparison.Ordinal)));
        Assert.Equal(404, (int)(await http.GetAsync(_management.Replace("/metrics", "/v1/oracle/prices", StringComparison.Ordinal))).StatusCode);
        using var foreign = new HttpRequestMessage(HttpMethod.Get, _management) { Headers = { Host = "rebound.example" } };
        Assert.Equal(421, (int)(await http.SendAsync(foreign)).StatusCode);
        Assert.Equal(404, (int)(await http.GetAsync(_standalone.Url + "/metrics")).StatusCode);
    }

    /// <summary>Some of everything, over and over: money minted, burned and moved, a price posted, a deployment from its order to its end, a refusal.</summary>
    private async Task LoadAsync(CancellationToken stop)
    {
        // The network's own key is its operator's.
        using var api = new ApiClient(_standalone.Url, Path.Combine(_folder, "standalone", "identity.pem"));
        using var other = new ApiClient(_standalone.Url);
        await other.RegisterAsync();
        await Programs.EventuallyAsync("a node is online", async () => (await api.GetAsync("/v1/nodes"))["items"]!.AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await OkAsync(api, "/v1/oracle/feeders", $$"""{"identity":"{{api.Id}}"}""");
        await OkAsync(api, "/v1/oracle/prices", """{"token":"uakt","usd":"0.5"}""");
        await OkAsync(api, "/v1/ledgers/uakt/faucet", """{"amount":100000000}""");
        await OkAsync(api, "/v1/ledgers/uact/faucet", """{"amount":100000000}""");
        await OkAsync(api, "/v1/ledgers/uact/transfers", $$"""{"to":"{{other.Id}}","amount":1000000}""");
        while (!stop.IsCancellationRequested)
        {
            var sdl = System.Text.Json.JsonSerializer.Serialize(Silos.Tests.Load.DeploymentLoad.Sdl);
            var made = await OkAsync(api, "/v1/deployments", $$"""{"sdl":{{sdl}},"deposit":5000000}""");
            var id = (string)made.Json["id"]!;
            await Programs.EventuallyAsync("a lease", async () => (string?)(await api.GetAsync($"/v1/deployments/{id}"))["groups"]?[0]?["order"]?["leaseId"]);
            await OkAsync(api, $"/v1/deployments/{id}/close", "{}");
            await OkAsync(api, "/v1/ledgers/uact/transfers", $$"""{"to":"{{other.Id}}","amount":1}""");
            Assert.Equal("ledger.token_unknown", (await other.SendAsync(HttpMethod.Post, "/v1/ledgers/none/transfers", $$"""{"to":"{{api.Id}}","amount":1}""")).Code);
        }
    }

    private static async Task<ApiAnswer> OkAsync(ApiClient api, string path, string body)
    {
        var answer = await api.CommandAsync(path, body);
        Assert.True(answer.IsSuccess, $"{path}: {answer.Status} {answer.Body}");
        return answer;
    }
}
