using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Nodes;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>Others' resources: a tenant with a running lease, the seller of it, an operator with a proposal.</summary>
internal sealed class LeaseScene : IAsyncDisposable
{
    private readonly FullHost _host;
    private readonly RawAgent _agent;
    private readonly CancellationTokenSource _end = new();
    private readonly SigningKey _tenant;
    private readonly SigningKey _seller;
    private readonly Dictionary<string, string> _ids;
    private readonly Task _beats;

    private LeaseScene(FullHost host, RawAgent agent, SigningKey tenant, SigningKey seller, Dictionary<string, string> ids, Func<RawAgent, CancellationToken, Task>? live)
    {
        (_host, _agent, _tenant, _seller, _ids) = (host, agent, tenant, seller, ids);
        _beats = live?.Invoke(agent, _end.Token) ?? BeatAsync();
    }

    public string Tenant => _ids["owner"];

    public string Seller => _ids["provider"];

    public string Deployment => $"{Tenant}/{_ids["dseq"]}";

    public SigningKey TenantKey => _tenant;

    public SigningKey SellerKey => _seller;

    public string Lease => $"/v1/leases/{Deployment}/1/1/{Seller}";

    public string Shell => Lease + "/shell";

    /// <param name="sdl">What is deployed; null: the sample.</param>
    /// <param name="live">What the agent does from then on; null: it beats.</param>
    public static async Task<LeaseScene> SetAsync(FullHost host, string? sdl = null, Func<RawAgent, CancellationToken, Task>? live = null)
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
        await PostAsync(host, tenant, "/v1/deployments", new JsonObject { ["sdl"] = sdl ?? await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml")), ["deposit"] = 5_000_000, ["dseq"] = "7" }.ToJsonString());
        var apiKey = await PostAsync(host, tenant, $"/v1/identities/{tenantId}/api-keys", $$"""{"name":"ci","scopes":["read"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""");
        var allowance = (string)(await PostAsync(host, tenant, "/v1/allowances", $$"""{"grantee":"{{sellerId}}","token":"uact","limit":1000}"""))["id"]!;
        var scene = new LeaseScene(host, agent, tenant, seller, new Dictionary<string, string>
        {
            ["owner"] = tenantId, ["dseq"] = "7", ["gseq"] = "1", ["oseq"] = "1", ["provider"] = sellerId, ["action"] = "close", ["mode"] = "on", ["node"] = node, ["keyId"] = tenant.KeyId,
            ["auditor"] = tenantId, ["prefix"] = (string)apiKey["apiKey"]!["prefix"]!, ["granter"] = tenantId, ["number"] = allowance.Split('/')[1], ["proposal"] = "prop_" + new string('a', 26),
        }, live);
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
