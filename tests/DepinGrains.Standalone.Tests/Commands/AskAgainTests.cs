using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>What <c>depin</c> does when the API does not know what became of a request.</summary>
public sealed class AskAgainTests(RunningNetwork network)
{
    [Fact]
    public async Task ATransfer_WhoseAnswerWasLost_WhileTheServerWasAway_IsPaidOnce()
    {
        await network.ReadyAsync();
        var file = Path.Combine(network.Folder, "lost-payer.pem");
        await using var proxy = await LossyProxy.StartAsync(network.Url, "/transfers");
        var (payer, direct) = (new Depin(proxy.Url, file), new Depin(network.Url, file));
        await direct.RunAsync("faucet", "3", "ACT");
        var friend = (string)(await new Depin(network.Url, Path.Combine(network.Folder, "lost-friend.pem")).JsonAsync("identity", "show"))["id"]!;

        var (code, _, error) = await payer.TryAsync("ledger", "transfer", "1", "ACT", friend, "--request-id", "rent-2026-11");
        Assert.True(code == 0, error);
        Assert.Equal(1, proxy.Lost);
        Assert.Contains("request id rent-2026-11", error, StringComparison.Ordinal);
        Assert.Equal(2_000_000, (long)(await direct.JsonAsync("ledger", "balance"))["available"]!);

        // As somebody does who was cut off meanwhile.
        await direct.RunAsync("ledger", "transfer", "1", "ACT", friend, "--request-id", "rent-2026-11");
        Assert.Equal(2_000_000, (long)(await direct.JsonAsync("ledger", "balance"))["available"]!);
    }

    [Fact]
    public async Task ARequest_WhoseOutcomeStaysUnknown_NamesTheIdUnderWhichItCanBeAskedForAgain()
    {
        var asked = new ConcurrentQueue<(string Method, string? Key)>();
        using var api = new HttpListener();
        var address = $"http://127.0.0.1:{Ports.Free()}/";
        api.Prefixes.Add(address);
        api.Start();
        var serving = ServeAsync(api, asked, refusals: 60);
        var key = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        string[] command = ["provider", "delete", "--server", address, "--key", key];

        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, command);
        Assert.Equal((2, ""), (code, output));
        var id = Assert.Single(asked.Select(static a => a.Key).Distinct())!;
        Assert.Contains("--request-id " + id, error, StringComparison.Ordinal);
        Assert.Contains("depin ledger statement", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);

        (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, [.. command, "-o", "json", "--request-id", id]);
        api.Stop();
        await serving;
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(("cli.outcome_unknown", id), ((string?)JsonNode.Parse(error)!["code"], (string?)JsonNode.Parse(error)!["requestId"]));
        Assert.Single(asked.Select(static a => a.Key).Distinct());
    }

    [Theory]
    [InlineData("POST", "provider", "delete")]
    [InlineData("GET", "provider", "addresses", "show")]
    public async Task ARequest_OfUnknownOutcome_IsSentAgainUnderTheSameKey(string method, params string[] command)
    {
        var asked = new ConcurrentQueue<(string Method, string? Key)>();
        using var api = new HttpListener();
        var address = $"http://127.0.0.1:{Ports.Free()}/";
        api.Prefixes.Add(address);
        api.Start();
        var serving = ServeAsync(api, asked, refusals: 2);

        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, [.. command, "-o", "json", "--server", address, "--key", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())]);
        api.Stop();
        await serving;

        Assert.True(code == 0, error);
        Assert.Contains("done", output, StringComparison.Ordinal);
        Assert.Equal([method, method, method], asked.Select(static a => a.Method));
        Assert.Single(asked.Select(static a => a.Key).Distinct());
        Assert.Equal(method == "POST", asked.First().Key is not null);
    }

    [Fact]
    public async Task ATimeOut_IsAskedAgain_AndThenAServerThatIsAwayIsWaitedFor()
    {
        var script = new Queue<Exception?>([new TaskCanceledException("no answer in time"), new HttpRequestException(HttpRequestError.ConnectionError, "refused"), null]);
        var answer = await new AskAgain(quiet: true).SendAsync("id", () => script.Dequeue() is { } problem ? Task.FromException<JsonNode>(problem) : Task.FromResult<JsonNode>(new JsonObject { ["done"] = true }));
        Assert.True((bool)answer["done"]!);
    }

    [Fact]
    public async Task AServer_ThatIsNotThere_IsNotWaitedFor_AndARefusalIsOne()
    {
        foreach (var problem in (Exception[])[new HttpRequestException(HttpRequestError.ConnectionError, "refused"), new ApiException("ledger.insufficient_funds", "no money", status: 422)])
        {
            var tries = 0;
            Assert.Same(problem, await Assert.ThrowsAnyAsync<Exception>(() => new AskAgain(quiet: true).SendAsync("id", () =>
            {
                tries++;
                return Task.FromException<JsonNode>(problem);
            })));
            Assert.Equal(1, tries);
        }
    }

    private static async Task ServeAsync(HttpListener api, ConcurrentQueue<(string Method, string? Key)> asked, int refusals)
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await api.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            asked.Enqueue((context.Request.HttpMethod, context.Request.Headers["Idempotency-Key"]));
            var unknown = asked.Count <= refusals;
            context.Response.StatusCode = unknown ? 503 : 200;
            context.Response.ContentType = unknown ? "application/problem+json" : "application/json";
            if (unknown)
            {
                context.Response.Headers["Retry-After"] = "0";
            }

            await context.Response.OutputStream.WriteAsync(unknown ? """{"code":"service.unavailable","detail":"ask again"}"""u8.ToArray() : """{"done":true}"""u8.ToArray());
            context.Response.Close();
        }
    }
}
