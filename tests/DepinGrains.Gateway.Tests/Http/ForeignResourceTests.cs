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
        await using var scene = await Scene.SetAsync(host);
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
    private static async Task ListsAndTopicsAsync(FullHost host, Scene scene, SigningKey stranger)
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
    private static string Body(string path, JsonObject document, JsonNode schema, string id, SigningKey stranger) => path switch
    {
        _ when path.EndsWith("/roles", StringComparison.Ordinal) => """{"roles":["tenant"]}""",
        _ when path.EndsWith("/keys", StringComparison.Ordinal) && !path.EndsWith("/api-keys", StringComparison.Ordinal) => System.Text.Json.JsonSerializer.Serialize(stranger.ToNewKey(id, Contracts.Identities.KeyRole.Owner, "mine"), Web),
        _ when path.EndsWith("/rotate", StringComparison.Ordinal) => System.Text.Json.JsonSerializer.Serialize(stranger.ToNewKey(id, Contracts.Identities.KeyRole.Owner, "mine"), Web),
        _ when path.EndsWith("/api-keys", StringComparison.Ordinal) => $$"""{"name":"mine","scopes":["read"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""",
        _ when path.EndsWith("/bids/close", StringComparison.Ordinal) => """{"reason":10002}""",
        _ when path.EndsWith("/auto-top-up", StringComparison.Ordinal) => """{"belowBlocks":10,"toBlocks":20,"capPerPeriod":1000}""",
        _ => ApiSamples.Body(document, schema, id).ToJsonString(),
    };

    private static readonly System.Text.Json.JsonSerializerOptions Web = new(System.Text.Json.JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase) } };

    /// <summary>Others' resources: a tenant with a running lease, the seller of it, an operator with a proposal.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly FullHost _host;
        private readonly RawAgent _agent;
        private readonly CancellationTokenSource _end = new();
        private readonly SigningKey _tenant;
        private readonly SigningKey _seller;
        private readonly Dictionary<string, string> _ids;
        private readonly Task _beats;

        private Scene(FullHost host, RawAgent agent, SigningKey tenant, SigningKey seller, Dictionary<string, string> ids)
        {
            (_host, _agent, _tenant, _seller, _ids) = (host, agent, tenant, seller, ids);
            _beats = BeatAsync();
        }

        public string Tenant => _ids["owner"];

        public string Seller => _ids["provider"];

        public string Deployment => $"{Tenant}/{_ids["dseq"]}";

        public string Shell => $"/v1/leases/{Deployment}/1/1/{Seller}/shell";

        public static async Task<Scene> SetAsync(FullHost host)
        {
            var (tenant, tenantId) = await host.RegisterAsync();
            var (seller, sellerId) = await host.RegisterAsync();
            foreach (var key in (SigningKey[])[tenant, seller])
            {
                await PostAsync(host, key, "/v1/ledgers/uact/faucet", """{"amount":100000000}""");
            }

            await PostAsync(host, seller, "/v1/providers", """{"name":"seller","pricing":{}}""");
            var nodeKey = SigningKey.Generate();
            var token = (string)(await PostAsync(host, seller, "/v1/providers/join-tokens", "{}"))["token"]!;
            using var join = new HttpRequestMessage(HttpMethod.Post, "/v1/nodes/join")
            {
                Content = JsonContent.Create(new NodeJoinRequest(token, nodeKey.PublicKey, RawAgent.Hardware(), "eu-west", "127.0.0.1"), options: AgentProtocolJson.Options),
            };
            join.Headers.Add("Idempotency-Key", "join");
            using var joined = await host.Client.SendAsync(join);
            var node = (await joined.Content.ReadFromJsonAsync<NodeJoinResponse>())!.NodeId;
            var agent = await RawAgent.ConnectAsync(host, node, nodeKey);
            await PostAsync(host, tenant, "/v1/deployments", new JsonObject { ["sdl"] = await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml")), ["deposit"] = 5_000_000, ["dseq"] = "7" }.ToJsonString());
            var apiKey = await PostAsync(host, tenant, $"/v1/identities/{tenantId}/api-keys", $$"""{"name":"ci","scopes":["read"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""");
            var allowance = (string)(await PostAsync(host, tenant, "/v1/allowances", $$"""{"grantee":"{{sellerId}}","token":"uact","limit":1000}"""))["id"]!;
            var scene = new Scene(host, agent, tenant, seller, new Dictionary<string, string>
            {
                ["owner"] = tenantId, ["dseq"] = "7", ["gseq"] = "1", ["oseq"] = "1", ["provider"] = sellerId, ["action"] = "close", ["mode"] = "on", ["node"] = node, ["keyId"] = tenant.KeyId,
                ["prefix"] = (string)apiKey["apiKey"]!["prefix"]!, ["granter"] = tenantId, ["number"] = allowance.Split('/')[1], ["proposal"] = "prop_" + new string('a', 26),
            });
            await NodeHost.EventuallyAsync(async () => (await scene.ReadAsync(tenant, "/v1/leases"))["items"]!.AsArray().Count > 0, "the lease");
            return scene;
        }

        /// <summary>The path with real ids; null when it names nobody's resource.</summary>
        public string? Fill(string path)
        {
            var ids = new Dictionary<string, string>(_ids)
            {
                ["id"] = path.Split('/')[2] switch { "identities" => Tenant, "providers" => Seller, "nodes" => _ids["node"], _ => _ids["proposal"] },
            };
            var names = path.Split('/').Where(static p => p.StartsWith('{')).Select(static p => p.Trim('{', '}').Split(':')[0]).ToArray();
            return names.Length == 0 || names.Any(static n => n is "token" or "credit" or "netuid" or "model") ? null : string.Join('/', path.Split('/').Select(p => p.StartsWith('{') ? ids[p.Trim('{', '}').Split(':')[0]] : p));
        }

        /// <summary>All that strangers could have touched, as its owners see it.</summary>
        public async Task<string> SnapshotAsync()
        {
            var all = new List<string>();
            foreach (var (key, path) in ((SigningKey, string)[])
                [
                    (_tenant, "/v1/identities/me"), (_seller, "/v1/identities/me"), (_tenant, $"/v1/deployments/{Deployment}"), (_tenant, "/v1/leases"), (_tenant, $"/v1/deployments/{Deployment}/auto-top-up"),
                    (_tenant, "/v1/allowances/given"), (_seller, "/v1/ledgers/uact/balance"), (_tenant, "/v1/ledgers/uact/balance"),
                ])
            {
                // Without the counters: the deployment's own steps count its version up, anybody's transfer the ledger's sequence.
                var seen = await ReadAsync(key, path);
                (seen as JsonObject)?.Remove("version");
                (seen as JsonObject)?.Remove("sequence");
                all.Add(path + " " + seen.ToJsonString());
            }

            var node = await ReadAsync(_seller, "/v1/nodes/" + _ids["node"]);
            all.Add($"{node["status"]} {node["overcommit"]} {node["leases"]}");
            var provider = await ReadAsync(_seller, "/v1/providers/" + Seller);
            all.Add($"{provider["profile"]} {provider["maintenance"]}");
            return string.Join('\n', all);
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _beats;
            await _agent.DisposeAsync();
            _end.Dispose();
        }

        private static async Task<JsonNode> PostAsync(FullHost host, SigningKey key, string path, string body)
        {
            using var answer = await host.SendAsync(key, HttpMethod.Post, path, body);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
            return JsonNode.Parse(text)!;
        }

        private async Task<JsonNode> ReadAsync(SigningKey key, string path)
        {
            using var answer = await _host.SendAsync(key, HttpMethod.Get, path, null);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        }

        private async Task BeatAsync()
        {
            using var every = new PeriodicTimer(TimeSpan.FromSeconds(1));
            try
            {
                for (var sequence = 1; ; sequence++)
                {
                    await _agent.BeatAsync(sequence);
                    await every.WaitForNextTickAsync(_end.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The end.
            }
        }
    }
}
