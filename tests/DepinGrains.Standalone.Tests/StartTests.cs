using DepinGrains.Testing;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>What standalone refuses to be.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task Start_BoundElsewhereWithFaucet_IsRefusedWith64()
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Standalone"), null, "--urls", "http://0.0.0.0:0", "--data", Path.Combine(Path.GetTempPath(), "depin-never"));
        Assert.Equal(64, code);
        Assert.Empty(output);
        Assert.Contains("Faucet", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Path.GetTempPath(), "depin-never")));
    }

    [Fact]
    public async Task Help_SaysWhatCanBeSet_AndStartsNothing()
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Standalone"), null, "--help");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("--data FOLDER", output, StringComparison.Ordinal);
        Assert.DoesNotContain("identity  id_", output, StringComparison.Ordinal);
    }

    /// <summary>Without faucet and native workloads it may be reached from everywhere, by any name, on every way of saying so.</summary>
    [Theory]
    [InlineData("*")]
    [InlineData("+")]
    [InlineData("0.0.0.0")]
    public async Task Start_BoundEverywhere_ServesAnyHost_AndItsAgentFindsIt(string host)
    {
        var data = Directory.CreateTempSubdirectory("depin-start-").FullName;
        try
        {
            var port = Ports.Free();
            await using var standalone = new StandaloneProcess(Path.Combine(data, "standalone"), "--urls", $"http://{host}:{port}", "--Standalone:Faucet", "false", "--Standalone:NativeWorkloads", "false");
            await standalone.StartAsync();
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { Host = "depin.example.com" } };
            Assert.Equal(200, (int)(await http.SendAsync(request)).StatusCode);
            await Programs.EventuallyAsync("its own agent joined", async () => (await http.GetStringAsync("/v1/nodes")).Contains("\"online\"", StringComparison.Ordinal) ? "yes" : null);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://")]
    [InlineData("ftp://127.0.0.1:21")]
    public async Task Start_AtWhatIsNoAddress_IsRefusedWithASentence(string urls)
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Standalone"), null, "--urls", urls, "--data", Path.Combine(Path.GetTempPath(), "depin-never"));
        Assert.Equal((64, ""), (code, output));
        Assert.Contains($"'{urls}' is no address", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithADataFolderThatCannotBe_IsRefusedWithASentence()
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Standalone"), new Dictionary<string, string> { ["HOME"] = "/dev/null/nowhere" }, "--urls", "http://127.0.0.1:0");
        Assert.Equal((64, ""), (code, output));
        Assert.Contains("data folder", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faucet_SwitchedOffForStandalone_IsNotOpenedByTheSectionOfTheGateway()
    {
        var data = Directory.CreateTempSubdirectory("depin-start-").FullName;
        try
        {
            await using var standalone = new StandaloneProcess(Path.Combine(data, "standalone"), "--Standalone:Agent", "false", "--Standalone:Faucet", "false", "--Faucet:Enabled", "true");
            await standalone.StartAsync();
            var settings = new Dictionary<string, string> { ["HOME"] = data, ["DEPIN_SERVER"] = standalone.Url };
            var (code, _, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), settings, "faucet", "100", "ACT");
            Assert.Equal(1, code);
            Assert.Contains("no faucet", error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task SdlManifest_OfTheSamples_IsPureJsonWithoutAServer()
    {
        var samples = Directory.GetFiles(Path.Combine(Programs.Repository, "samples"), "*.yaml");
        var (code, output, _) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, ["sdl", "manifest", .. samples, "-o", "json"]);
        Assert.Equal(0, code);
        var reports = System.Text.Json.Nodes.JsonNode.Parse(output)!.AsArray();
        Assert.Equal(samples, reports.Select(static r => (string)r!["file"]!));
        Assert.All(reports, static r => Assert.Equal(64, ((string)r!["hash"]!).Length));
    }
}
