using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>
/// What the gateway adds to a token of a streamed chat: 1,000 streams in flight, once straight to a miner, once through the gateway (API key, hold, signature, counting, capture), in turn. Miner and gateway are processes of
/// their own; a token carries the instant it was sent, of the machine's one monotonic clock.
/// </summary>
internal static class InferenceScenario
{
    private const int Streams = 1_000;

    public static async Task RunAsync(Bench bench)
    {
        var streams = bench.Settings.Size(Streams, 100);
        await using var miner = await Child.LoaderAsync("inference-miner", new InferenceMiner.Spec(8, 500));
        var address = (await miner.GoAsync<InferenceMiner.Serving>()).Address;
        await using var gateway = await Child.LoaderAsync("inference-gateway", new InferenceGateway.Spec(address, streams * 4));
        var api = new Uri((await gateway.GoAsync<InferenceMiner.Serving>()).Address);
        var key = await ApiKeyAsync(api);
        using var direct = new InferenceClients(new Uri(address + "/"), "none", streams);
        using var through = new InferenceClients(new Uri(api, "/v1/openai/"), key, streams);
        var medians = await bench.InterleaveAsync(
            new Side("straight to the miner", seconds => direct.RunAsync("straight", seconds, 0)),
            new Side("through the gateway", seconds => through.RunAsync("through the gateway", seconds, gateway.Pid)));
        var (straight, ours) = (medians[0].Chosen, medians[1].Chosen);
        var what = string.Create(CultureInfo.InvariantCulture, $"added to a token, {streams:N0} streams in flight, {ours.Rate:N0} tokens/s");
        var note = string.Create(CultureInfo.InvariantCulture, $"straight p50 {straight.P50:F2} ms, p99 {straight.P99:F2} ms; {ours.CpuMicroseconds:F0} us of CPU a token");
        const string layout = "client, gateway and miner are processes of their own";
        bench.AddAtMost("inference", what + ", p50", ours.P50 - straight.P50, "ms", 1, ours.Cpu, "SQLite", layout, note);
        bench.AddAtMost("inference", what + ", p99", ours.P99 - straight.P99, "ms", 5, ours.Cpu, "SQLite", layout, note);
    }

    private static async Task<string> ApiKeyAsync(Uri api)
    {
        using var key = SigningKey.Generate();
        var id = IdentityIds.ForFirstKey(key.KeyId, "");
        using var http = new HttpClient(new SigningHandler(new RequestSigner(key, id), null, []) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = api };
        await PostAsync(http, "/v1/identities", new { publicKey = key.PublicKey, salt = "", label = "bench", roles = (string[])["tenant"] });
        await PostAsync(http, "/v1/ledgers/rao/faucet", new { amount = 1_000_000_000_000 });
        return (string)(await PostAsync(http, $"/v1/identities/{id}/api-keys", new { name = "bench", scopes = (string[])["inference:write"], expiresAt = DateTimeOffset.UtcNow.AddDays(1) }))["key"]!;
    }

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, object body)
    {
        using var answer = await http.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {text}");
    }
}
