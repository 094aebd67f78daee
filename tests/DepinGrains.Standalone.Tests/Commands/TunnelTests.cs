using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>A miner that runs as a workload of a lease and listens at loopback alone: the real programs, from the SDL to the streamed chat.</summary>
public sealed class TunnelTests
{
    [Fact]
    public async Task Chat_StreamsThroughTheAgentToAMinerInsideALease()
    {
        var folder = Directory.CreateTempSubdirectory("depin-tunnel-").FullName;
        var cli = Programs.Dll("DepinGrains.Cli", "depin");
        await using var standalone = new StandaloneProcess(Path.Combine(folder, "standalone"), "--Agent:Native:ReadOnlyPaths:0", Path.GetDirectoryName(cli)!);
        await standalone.StartAsync();
        var tenant = new Depin(standalone.Url, Path.Combine(folder, "tenant.pem"));
        await Programs.EventuallyAsync("the node is online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");
        await tenant.RunAsync("faucet", "5", "TAO");
        var netuid = (await tenant.JsonAsync("subnet", "create", "leased", "--task", "deterministic"))["netuid"]!.ToString();
        var hotkey = (string)(await tenant.JsonAsync("subnet", "register", netuid))["hotkey"]!;

        var sdl = Path.Combine(folder, "miner.yaml");
        await File.WriteAllTextAsync(sdl, Sdl($"exec dotnet {cli} miner run --netuid {netuid} --listen http://$DEPIN_BIND:$PORT --endpoint http://web/v1 --hotkey {hotkey} --no-announce", standalone.Url));
        var lease = (string)(await tenant.JsonAsync("deploy", sdl, "--wait", "90"))["leases"]![0]!["id"]!;
        await Programs.EventuallyAsync("the miner listens", async () => (await tenant.RunAsync("lease", "logs", lease)).Contains("serving", StringComparison.Ordinal) ? "yes" : null);

        var (foreign, _, why) = await standaloneOperator(standalone, folder).TryAsync("subnet", "axon", netuid, "http://web/v1", "--lease", lease, "--hotkey", hotkey, "-o", "json");
        Assert.Equal((1, "axon.not_owner"), (foreign, (string?)JsonNode.Parse(why)!["code"]));
        var (nothing, _, unknown) = await tenant.TryAsync("subnet", "axon", netuid, "http://db/v1", "--lease", lease, "-o", "json");
        Assert.Equal((1, "axon.workload_not_found"), (nothing, (string?)JsonNode.Parse(unknown)!["code"]));
        await tenant.RunAsync("subnet", "axon", netuid, "http://web/v1", "--lease", lease);

        using var http = new HttpClient { BaseAddress = new Uri(standalone.Url), Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await tenant.RunAsync("identity", "api-key", "chat", "--scope", "inference:write")).Trim());
        var answer = await Programs.EventuallyAsync("a chat is answered", async () => await ChatAsync(http, "subnet-" + netuid));
        Assert.Equal(DeterministicTask.Text("question", DeterministicChallenges.Words), answer);

        // The lease ends, and with it the only way there.
        await tenant.RunAsync("lease", "close", lease);
        await Programs.EventuallyAsync("the miner is gone", async () => await ChatAsync(http, "subnet-" + netuid) is null ? "yes" : null);
        await standalone.DisposeAsync();
        Directory.Delete(folder, recursive: true);

        static Depin standaloneOperator(StandaloneProcess process, string folder) => new(process.Url, Path.Combine(folder, "standalone", "identity.pem"));
    }

    /// <summary>A streamed chat's text; null when nobody answered it.</summary>
    private static async Task<string?> ChatAsync(HttpClient http, string model)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new { model, stream = true, messages = new[] { new { role = "user", content = "question" } } }), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri("/v1/openai/chat/completions", UriKind.Relative), body);
        var text = await answer.Content.ReadAsStringAsync();
        return !answer.IsSuccessStatusCode ? null : string.Concat(text.Split("\n\n").Where(static e => e.StartsWith("data: {", StringComparison.Ordinal))
            .Select(static e => (string?)JsonNode.Parse(e["data: ".Length..])!["choices"]?[0]?["delta"]?["content"]));
    }

    private static string Sdl(string script, string server) => $$"""
        version: "2.0"
        services:
          web:
            image: native:sh
            command: ["-c", "{{script}}"]
            env:
              - DEPIN_SERVER={{server}}
              - DOTNET_EnableDiagnostics=0
              - DOTNET_gcServer=0
            expose:
              - port: 80
                to:
                  - global: true
        profiles:
          compute:
            web:
              resources:
                cpu:
                  units: 800m
                memory:
                  size: 512Mi
                storage:
                  size: 256Mi
          placement:
            anywhere:
              pricing:
                web:
                  denom: uact
                  amount: 10000
        deployment:
          web:
            anywhere:
              profile: web
              count: 1
        """;
}
