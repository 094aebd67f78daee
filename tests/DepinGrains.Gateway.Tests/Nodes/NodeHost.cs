using System.Net;
using System.Net.Http.Json;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Storage.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>Node endpoints and the agents' WebSocket on a real Kestrel, over real grains and a real SQLite file; nodes beat every 300 ms.</summary>
public class NodeHost : Http.TestHost
{
    private readonly SigningKey _owner = SigningKey.Generate();
    private int _tokens;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    public AgentConnections Connections => Services.GetRequiredService<AgentConnections>();

    public DepinGrains.Storage.Events.IEventLog Events => Services.GetRequiredService<DepinGrains.Storage.Events.IEventLog>();

    /// <summary>The provider all nodes of these tests belong to.</summary>
    public string Provider { get; private set; } = null!;

    protected override Dictionary<string, string?> Settings => new()
    {
        ["Liveness:Shards"] = "2",
        ["Liveness:IntervalMin"] = "00:00:00.3",

        // Three seconds and four and a half: a busy machine must not make a beating agent suspect.
        ["Liveness:SuspectIntervals"] = "10",
        ["Liveness:DeadIntervals"] = "15",
        ["Liveness:Tick"] = "00:00:00.05",
        ["Liveness:RefreshPeriod"] = "00:00:01",
    };

    public async Task<string> RegisterAsync(SigningKey key, string role)
    {
        var id = IdentityIds.ForFirstKey(key.KeyId, "");
        using var response = await SignedAsync(key, HttpMethod.Post, "/v1/identities", new { publicKey = key.PublicKey, salt = "", label = "test", roles = new[] { role } });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return id;
    }

    public Task<HttpResponseMessage> SignedByOwnerAsync(string path, object body, string? key = null) => SignedAsync(_owner, HttpMethod.Post, path, body, key);

    public async Task<HttpResponseMessage> SignedAsync(SigningKey key, HttpMethod method, string path, object body, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path)) { Content = Http.JsonBody.Of(body) };
        await new RequestSigner(key, IdentityIds.ForFirstKey(key.KeyId, ""), TimeProvider.System).SignAsync(request, idempotencyKey);
        return await Client.SendAsync(request);
    }

    public async Task<string> TokenAsync() =>
        (await Grains.GetGrain<IProviderGrain>(Provider).CreateJoinTokenAsync($"token-{Interlocked.Increment(ref _tokens)}", TimeSpan.FromHours(1))).Require().Token;

    public async Task<HttpResponseMessage> JoinAsync(string token, SigningKey key, HardwareInventory? hardware = null, string idempotencyKey = "join-1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/nodes/join")
        {
            Content = JsonContent.Create(new NodeJoinRequest(token, key.PublicKey, hardware ?? RawAgent.Hardware(), "eu-west", "127.0.0.1"), options: AgentProtocolJson.Options),
        };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await Client.SendAsync(request);
    }

    /// <summary>A joined node's key and id.</summary>
    public async Task<(SigningKey Key, string Node)> JoinedAsync()
    {
        var key = SigningKey.Generate();
        using var response = await JoinAsync(await TokenAsync(), key);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (key, (await response.Content.ReadFromJsonAsync<NodeJoinResponse>())!.NodeId);
    }

    public async Task<NodeStatus> StatusAsync(string node) => (await Grains.GetGrain<INodeGrain>(node).GetAsync()).Require().Status;

    public Task BecomesAsync(string node, NodeStatus status) => EventuallyAsync(async () => await StatusAsync(node) == status, $"{node} becomes {status}");

    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), $"not within 60 s: {what}");
            await Task.Delay(20);
        }
    }

    protected override void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddKeyedSingleton(NetworkClock.TimeKey, TimeProvider.System);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddOptions<ProviderOptions>();
        builder.Services.AddSingleton<NetworkClock>();
        builder.Services.AddIdentities(builder.Configuration);
        builder.Services.AddDepinStore(
            store => store.Connection = Database,
            [.. IdentityState.Tables, .. NodeRows.Tables, ProviderState.Kind.Table, LeaseState.Kind.Table, LeaseNodeState.Kind.Table]);
        builder.Services.AddSingleton<LeaseMetrics>();
        builder.Services.AddDepinNodes(builder.Configuration);
        builder.Services.AddDepinHttp(builder.Configuration);
        builder.Services.AddDepinNodeGateway(builder.Configuration);
    }

    protected override void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.UseDepinHttp();
        app.MapNodes();
        DepinGrains.Gateway.Identities.IdentityEndpoints.MapIdentityEndpoints(app);
    }

    protected override async Task BegunAsync()
    {
        Provider = await RegisterAsync(_owner, "provider");
        (await Grains.GetGrain<IProviderGrain>(Provider).PutAsync("put", new ProviderProfile("test", [], null, "http://127.0.0.1"))).Require();
    }

    protected override void Ended() => _owner.Dispose();
}
