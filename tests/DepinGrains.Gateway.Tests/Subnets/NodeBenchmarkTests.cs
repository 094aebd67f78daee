using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Gateway.Tests.Nodes;

namespace DepinGrains.Gateway.Tests.Subnets;

/// <summary>A subnet's benchmark over the API and the agents' WebSocket: real agents, and one that lies.</summary>
public sealed class NodeBenchmarkTests : IAsyncLifetime
{
    private FullHost _host = null!;
    private SigningKey _owner = null!;
    private string _ownerId = "";

    public async ValueTask InitializeAsync()
    {
        _host = await FullHost.StartAsync(settings: new Dictionary<string, string?> { ["Subnets:MinLock"] = "0", ["Subnets:CreateRateLimit"] = "0" });
        (_owner, _ownerId) = await _host.RegisterAsync();
        await SendAsync("/v1/ledgers/rao/faucet", """{"amount":10000000000}""");
        await SendAsync("/v1/providers", """{"name":"owner","pricing":{}}""");
        await SendAsync("/v1/subnets", """{"name":"bench","task":"deterministic"}""");
        await SendAsync("/v1/subnets/1/hyperparameters/benchmark_work", """{"value":"12"}""");
        await SendAsync("/v1/subnets/1/hyperparameters/benchmark_time_ms", """{"value":"100000"}""");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_nodes_own_agent_does_the_work_and_the_registration_is_let_in_once()
    {
        await using var agent = await AgentAtWork.StartAsync(_host, _ownerId);
        var challenge = await SendAsync("/v1/subnets/1/challenges", $$"""{"node":"{{agent.Node}}"}""");
        Assert.Null(challenge["nonce"]);
        var passed = await EndedAsync(agent.Node);
        Assert.Equal(("passed", (string)challenge["id"]!), ((string)passed["status"]!, (string)passed["id"]!));
        var body = $$"""{"node":"{{agent.Node}}","challenge":"{{challenge["id"]}}"}""";
        Assert.Equal(0, (int)(await SendAsync("/v1/subnets/1/register", body))["uid"]!);
        Assert.Equal("registration.hardware_no_challenge", (string)(await GetAsync($"/v1/subnets/1/challenges/{agent.Node}"))["code"]!);
    }

    [Fact]
    public async Task An_owner_who_wants_no_benchmarks_on_his_node_is_told_so()
    {
        await using var agent = await AgentAtWork.StartAsync(_host, _ownerId, static o => o.Benchmarks.Enabled = false);
        var challenge = await SendAsync("/v1/subnets/1/challenges", $$"""{"node":"{{agent.Node}}"}""");
        var failed = await EndedAsync(agent.Node);
        Assert.Equal("node.benchmark_declined", (string)failed["code"]!);
        Assert.Contains("Benchmarks:Enabled", (string)failed["detail"]!, StringComparison.Ordinal);
        var refused = await SendAsync("/v1/subnets/1/register", $$"""{"node":"{{agent.Node}}","challenge":"{{challenge["id"]}}"}""", HttpStatusCode.UnprocessableEntity);
        Assert.Equal("registration.hardware_declined", (string)refused["code"]!);
    }

    [Fact]
    public async Task An_agent_answers_for_its_own_node_in_its_own_session_only()
    {
        var (honestKey, honest) = await RawAgent.JoinedAsync(_host, _ownerId);
        var (liarKey, liar) = await RawAgent.JoinedAsync(_host, _ownerId);
        await using var victim = await RawAgent.ConnectAsync(_host, honest, honestKey);
        await using var agent = await RawAgent.ConnectAsync(_host, liar, liarKey);
        var id = (string)(await SendAsync("/v1/subnets/1/challenges", $$"""{"node":"{{honest}}"}"""))["id"]!;

        // Another node's benchmark is not the liar's to begin or to answer, whatever he says who he is.
        await agent.SendAsync(new AgentBenchmarkReady(agent.Welcome.Session, id));
        Assert.Equal("node.benchmark_unknown", (await agent.ReceiveAsync<GatewayBenchmarkOver>()).Code);
        await agent.SendAsync(new AgentBenchmarkAnswer(agent.Welcome.Session, id, [1, 2, 3], ""));
        Assert.Equal("node.benchmark_unknown", (await agent.ReceiveAsync<GatewayBenchmarkOver>()).Code);

        // A session that is not this connection's, before it was begun, and a wrong answer.
        await victim.SendAsync(new AgentBenchmarkReady(victim.Welcome.Session - 1, id));
        Assert.Equal("node.session_stale", (await victim.ReceiveAsync<GatewayBenchmarkOver>()).Code);
        await victim.SendAsync(new AgentBenchmarkAnswer(victim.Welcome.Session, id, [], ""));
        Assert.Equal("node.benchmark_not_begun", (await victim.ReceiveAsync<GatewayBenchmarkOver>()).Code);
        await victim.SendAsync(new AgentBenchmarkReady(victim.Welcome.Session, id));
        Assert.Equal((id, 12), (await victim.ReceiveAsync<GatewayBenchmark>()) is var task ? (task.Id, task.Work) : default);
        await victim.SendAsync(new AgentBenchmarkAnswer(victim.Welcome.Session, id, [1, 2, 3], ""));
        Assert.Equal("node.benchmark_wrong", (await victim.ReceiveAsync<GatewayBenchmarkOver>()).Code);
        Assert.Equal("node.benchmark_wrong", (string)(await EndedAsync(honest))["code"]!);
    }

    private async Task<JsonNode> EndedAsync(string node)
    {
        JsonNode? seen = null;
        await NodeHost.EventuallyAsync(async () => (string?)(seen = await GetAsync($"/v1/subnets/1/challenges/{node}"))["status"] is "passed" or "failed", "the benchmark is over");
        return seen!;
    }

    private async Task<JsonNode> SendAsync(string path, string body, HttpStatusCode? expected = null)
    {
        using var answer = await _host.SendAsync(_owner, HttpMethod.Post, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected is null ? answer.IsSuccessStatusCode : expected == answer.StatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await _host.Client.GetAsync(new Uri(_host.Address, path));
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }
}
