using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests;

/// <summary>PostgreSQL crashes under a host that works, and is away for a real minute: requests are refused with a code that says "ask again", what runs goes on running, and when the database is back everything works by itself.</summary>
public sealed class DatabaseAwayTests : StandaloneWalk
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(60);

    private PostgresCluster? _cluster;

    protected override async Task<string[]> SettingsAsync()
    {
        if (!PostgresCluster.IsAvailable)
        {
            return [];
        }

        _cluster = await PostgresCluster.StartAsync();
        return ["--Store:Kind", "postgres", "--Store:Connection", await _cluster.NewDatabaseAsync()];
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_minute_without_the_database_is_refused_with_a_code_and_then_everything_goes_on_by_itself()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        using var hello = await Hello.RunAsync(Standalone, Person("tenant"));
        using var prober = new ApiClient(Standalone.Url);
        Assert.Equal(201, (await prober.RegisterAsync()).Status);
        await using var load = new Load(Standalone.Url, 4);
        await load.BeginAsync();
        await load.ProgressAsync(40);
        await hello.AnswersAsync();

        await _cluster!.StopServerAsync("immediate");
        var since = Stopwatch.StartNew();
        var refused = 0;
        while (since.Elapsed < Away)
        {
            await RefusedAsync(prober, HttpMethod.Get, "/v1/deployments", null);
            await RefusedAsync(prober, HttpMethod.Post, "/v1/ledgers/uakt/faucet", """{"amount":7}""");
            await hello.AnswersAsync();
            Assert.Equal(HttpStatusCode.OK, await StatusAsync("/health/live"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync("/health/ready"));
            Assert.False(Standalone.HasExited, Standalone.LastLines());
            refused += 2;
        }

        await _cluster.StartServerAsync();
        Assert.True(refused >= 4, $"only {refused} requests were answered in {Away}");
        Assert.True((await prober.CommandAsync("/v1/ledgers/uakt/faucet", """{"amount":7}""", seconds: 60)).IsSuccess);
        await Programs.EventuallyAsync("the host says it is ready", async () => await StatusAsync("/health/ready") == HttpStatusCode.OK ? "yes" : null);
        await load.ProgressAsync(40);
        await load.AuditAsync();
        await load.BooksAreCleanAsync();
        await hello.GoesOnAsync();
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(Standalone.Url + path));
        return answer.StatusCode;
    }

    private async Task RefusedAsync(ApiClient caller, HttpMethod method, string path, string? body)
    {
        var answer = await caller.SendAsync(method, path, body);
        Assert.True(answer.IsUnknown, $"{method} {path} without a database: {answer.Status} {answer.Body}\n{Standalone.LastLines()}");
        Assert.Contains(answer.Code, (string?[])["service.unavailable", "service.overloaded"]);
        Assert.Equal(503, (int)JsonNode.Parse(answer.Body)!["status"]!);
    }
}
