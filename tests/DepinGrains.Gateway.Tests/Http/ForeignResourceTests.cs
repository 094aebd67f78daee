using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Nodes;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>
/// Every operation of the OpenAPI document that names somebody's resource, called by a stranger with the ids of real ones (a deployment with a lease, an escrow, a node, keys, an allowance, a
/// proposal): refused with 403 or 404 and a code unless it is on the list below, without any name 401, and nothing has changed afterwards. A new endpoint is covered, or fails, by itself.
/// </summary>
public sealed class ForeignResourceTests
{
    /// <summary>What strangers may: public reads, and what a market is for.</summary>
    private static readonly HashSet<string> Public =
    [
        "GET /v1/identities/{id}", // its public side: keys and roles, no API keys (asserted below)
        "GET /v1/providers/{id}",
        "GET /v1/providers/{id}/addresses",
        "GET /v1/nodes/{id}",
        "GET /v1/pool/proposals/{id}",
        "GET /v1/deployments/{owner}/{dseq}/groups/{gseq}/orders/{oseq}/why",
        "POST /v1/deployments/{owner}/{dseq}/deposits", // anyone may pay; what is left goes back to who paid
        "POST /v1/deployments/{owner}/{dseq}/groups/{gseq}/orders/{oseq}/bids", // any provider may bid; here the order is taken
        "POST /v1/providers/{id}/signatures", // auditors vouch for others
    ];

    private static readonly HashSet<string> Anonymous = [.. Public.Where(static p => p.StartsWith("GET ", StringComparison.Ordinal) && !p.Contains("identities", StringComparison.Ordinal))];

    [Fact]
    public async Task A_stranger_is_refused_at_every_address_of_others_and_nothing_changes()
    {
        await using var host = await FullHost.StartAsync(settings: new() { ["Deployments:BidWindow"] = "00:00:01", ["Deployments:RescreenEvery"] = "00:00:01", ["Network:BlockTime"] = "01:00:00" });
        await using var scene = await LeaseScene.SetAsync(host);
        var (stranger, strangerId) = await host.RegisterAsync();
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!.AsObject();
        var before = await scene.SnapshotAsync();
        var (problems, asked, nobody) = (new List<string>(), 0, SigningKey.Generate());
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            if (scene.Fill(path) is not { } target)
            {
                continue;
            }

            foreach (var (name, operation) in item!.AsObject())
            {
                asked++;
                var method = new HttpMethod(name.ToUpperInvariant());
                var body = operation!["requestBody"]?["content"]?["application/json"]?["schema"] is { } schema ? Body(path, document, schema, strangerId, stranger) : method == HttpMethod.Get || method == HttpMethod.Delete ? null : "{}";
                using var answer = await host.SendAsync(stranger, method, target, body);
                await LookAsync($"{method} {path}", answer, Public.Contains($"{method} {path}"), [403, 404], problems);
                using var plain = new HttpRequestMessage(method, target) { Content = body is null ? null : JsonBody.Of(body) };
                plain.Headers.Add("Idempotency-Key", "nobody-" + asked);
                using var unsigned = await host.Client.SendAsync(plain);
                await LookAsync($"nobody: {method} {path}", unsigned, Anonymous.Contains($"{method} {path}"), [401], problems);
                using var unknown = await host.SendAsync(nobody, method, target, body);
                await LookAsync($"unregistered: {method} {path}", unknown, Anonymous.Contains($"{method} {path}"), [401, 404], problems);
            }
        }

        nobody.Dispose();
        Assert.True(problems.Count == 0, $"{problems.Count} of {asked}:\n{string.Join('\n', problems)}");
        Assert.True(asked >= 35, $"only {asked} operations name a resource");
        await ListsAndTopicsAsync(host, scene, stranger);
        Assert.Equal(before, await scene.SnapshotAsync());
    }

    /// <summary>Lists show the stranger nothing of others, shells and topics are closed to it.</summary>
    private static async Task ListsAndTopicsAsync(FullHost host, LeaseScene scene, SigningKey stranger)
    {
        foreach (var list in (string[])["/v1/deployments", "/v1/leases", "/v1/leases?as=provider", "/v1/allowances/given", "/v1/allowances/received", "/v1/credits/uact/conversions"])
        {
            using var answer = await host.SendAsync(stranger, HttpMethod.Get, list, null);
            Assert.Empty(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["items"]!.AsArray());
        }

        foreach (var closed in (string[])[scene.Shell, $"/v1/events?topic=deployment/{scene.Deployment}", $"/v1/events?topic=provider/{scene.Seller}", $"/v1/events?topic=identity/{scene.Tenant}"])
        {
            using var answer = await host.SendAsync(stranger, HttpMethod.Get, closed, null);
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
            using var unsigned = await host.Client.GetAsync(closed);
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, unsigned.StatusCode);
        }

        using var seen = await host.SendAsync(stranger, HttpMethod.Get, "/v1/identities/" + scene.Tenant, null);
        Assert.Null(JsonNode.Parse(await seen.Content.ReadAsStringAsync())!["apiKeys"]);
    }

    private static async Task LookAsync(string what, HttpResponseMessage answer, bool open, int[] wanted, List<string> problems)
    {
        var status = (int)answer.StatusCode;
        if (open && status < 500)
        {
            return;
        }

        var text = await answer.Content.ReadAsStringAsync();
        var code = answer.Content.Headers.ContentType?.MediaType == "application/problem+json" ? (string?)JsonNode.Parse(text)?["code"] : null;
        if (!wanted.Contains(status) || string.IsNullOrEmpty(code))
        {
            problems.Add($"{what}: {status} {text[..Math.Min(300, text.Length)]}");
        }
    }

    /// <summary>Bodies that would be accepted from the owner: a stranger must not be told only that its body is wrong.</summary>
    internal static string Body(string path, JsonObject document, JsonNode schema, string id, SigningKey stranger) => path switch
    {
        _ when path.EndsWith("/roles", StringComparison.Ordinal) => """{"roles":["tenant"]}""",
        _ when path.EndsWith("/keys", StringComparison.Ordinal) && !path.EndsWith("/api-keys", StringComparison.Ordinal) => NewKey(stranger, id),
        _ when path.EndsWith("/rotate", StringComparison.Ordinal) => NewKey(stranger, id),
        _ when path.EndsWith("/api-keys", StringComparison.Ordinal) => $$"""{"name":"mine","scopes":["read"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""",
        _ when path.EndsWith("/bids/close", StringComparison.Ordinal) => """{"reason":10002}""",
        _ when path.EndsWith("/auto-top-up", StringComparison.Ordinal) => """{"belowBlocks":10,"toBlocks":20,"capPerPeriod":1000}""",
        _ => ApiSamples.Body(document, schema, id).ToJsonString(),
    };

    /// <summary>The body that adds an owner key.</summary>
    internal static string NewKey(SigningKey key, string id) => System.Text.Json.JsonSerializer.Serialize(key.ToNewKey(id, Contracts.Identities.KeyRole.Owner, "mine"), Web);

    private static readonly System.Text.Json.JsonSerializerOptions Web = new(System.Text.Json.JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase) } };
}
