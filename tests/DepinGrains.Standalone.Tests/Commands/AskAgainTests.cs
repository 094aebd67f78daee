using System.Collections.Concurrent;
using System.Net;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>What <c>depin</c> does when the API does not know what became of a request.</summary>
public sealed class AskAgainTests
{
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
