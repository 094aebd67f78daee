using System.Diagnostics;
using System.Text.Json.Nodes;

namespace DepinGrains.Testing;

/// <summary>OpenAI's own client, the npm package <c>openai</c> (<c>npm ci</c> in tests/tools/openai-sdk, which CI does), as a process. What it can be told to do is in client.mjs.</summary>
public static class OpenAiClient
{
    /// <summary>Skips the test where the package is not installed.</summary>
    public static void SkipUnlessInstalled()
    {
        if (!Directory.Exists(Path.Combine(Tool(), "node_modules", "openai")))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is null, $"the package openai is not installed in {Tool()}");
            Assert.Skip($"skipped: needs the npm package openai (npm ci in {Tool()})");
        }
    }

    /// <summary>Runs it to its end, at most three minutes; answers what it saw.</summary>
    /// <param name="server">The gateway.</param>
    /// <param name="apiKey">The caller's.</param>
    /// <param name="what">Which of its programs.</param>
    public static async Task<JsonNode> RunAsync(Uri server, string apiKey, string what)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(Tool(), "client.mjs"), new Uri(server, "/v1/openai").ToString(), apiKey, what]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("the client did not end in three minutes");
        }

        Assert.True(process.ExitCode == 0, $"{process.ExitCode}: {await error}");
        return JsonNode.Parse(await output)!;
    }

    private static string Tool()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine((folder ?? throw new InvalidOperationException("DepinGrains.sln is not above the tests")).FullName, "tests", "tools", "openai-sdk");
    }
}
