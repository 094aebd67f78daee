using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>
/// Agents that say what cannot be: refused with a code when they join and when they connect, and nothing of it is kept. What a machine could have but this one has not is believed: without a
/// benchmark challenge nobody can tell. That an inventory may not sink below what is booked, and that of two agents with one key the newer wins, is in <see cref="AgentSocketTests"/>.
/// </summary>
public sealed class LyingAgentTests(NodeHost host) : IClassFixture<NodeHost>
{
    private const long Ti = 1L << 40;

    /// <summary>Hardware as JSON, one member at a time replaced by a lie.</summary>
    public static TheoryData<string, string, string> Lies => new()
    {
        { "cpuMilli", "-1", "node.hardware_invalid" },
        { "cpuMilli", "1000000000", "node.hardware_invalid" },
        { "cpuMilli", "9223372036854775807", "node.hardware_invalid" },
        { "cpuMilli", "9223372036854775808", "request.malformed" },
        { "cpuMilli", "NaN", "request.malformed" },
        { "cpuMilli", "\"NaN\"", "request.malformed" },
        { "cpuMilli", "1e400", "request.malformed" },
        { "cpuMilli", "8000.5", "request.malformed" },
        { "memoryBytes", "-9223372036854775808", "node.hardware_invalid" },
        { "memoryBytes", "1125899906842624", "node.hardware_invalid" },
        { "portMax", "65536", "node.hardware_invalid" },
        { "portMin", "40000", "node.hardware_invalid" },
        { "storage", """[{"class":"ephemeral","bytes":-1}]""", "node.hardware_invalid" },
        { "storage", """[{"class":"ephemeral","bytes":9223372036854775807}]""", "node.hardware_invalid" },
        { "storage", """[{"class":"ephemeral","bytes":1},{"class":"ephemeral","bytes":1}]""", "node.hardware_invalid" },
        { "gpus", "CARDS65", "node.hardware_invalid" },
        { "gpus", "CARDSTWICE", "node.hardware_invalid" },
        { "gpus", "CARDHUGE", "node.hardware_invalid" },
        { "gpus", "CARDNEGATIVE", "node.hardware_invalid" },
        { "gpus", "null", "request.malformed" },
        { "gpus", "[null]", "node.hardware_invalid" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_is_refused_at_the_join_and_costs_neither_token_nor_key(string member, string value, string code)
    {
        using var key = SigningKey.Generate();
        var token = await host.TokenAsync();
        var body = JsonSerializer.SerializeToNode(new NodeJoinRequest(token, key.PublicKey, RawAgent.Hardware(), "eu-west", "127.0.0.1"), AgentProtocolJson.Options)!;
        body["hardware"]![member] = "@@lie@@";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/nodes/join") { Content = Http.JsonBody.Of(body.ToJsonString().Replace("\"@@lie@@\"", Cards(value), StringComparison.Ordinal)) };
        request.Headers.Add("Idempotency-Key", "lie");
        using var answer = await host.Client.SendAsync(request);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(code, (string?)problem["code"]);
        Assert.InRange((int)answer.StatusCode, 400, 422);
        using var honest = await host.JoinAsync(token, key);
        Assert.True(honest.IsSuccessStatusCode, await honest.Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_is_refused_at_every_connection_and_the_node_stays_as_it_was(string member, string value, string code)
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.OpenAsync(host);
        var challenge = Assert.IsType<GatewayChallenge>(await agent.ReceiveAsync());
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        AgentMessage hello = new AgentHello(node, challenge.Nonce, now, NodeKey.SignHello(key, node, challenge.Nonce, now), RawAgent.Hardware(), "1.0", "boot");
        var text = JsonSerializer.SerializeToNode(hello, AgentProtocolJson.Options)!;
        text["hardware"]![member] = "@@lie@@";
        await agent.SendAsync(System.Text.Encoding.UTF8.GetBytes(text.ToJsonString().Replace("\"@@lie@@\"", Cards(value), StringComparison.Ordinal)));
        var refusal = Assert.IsType<GatewayRefusal>(await agent.ReceiveAsync());
        Assert.Equal(code == "request.malformed" ? "agent.protocol" : code, refusal.Code);
        var view = (await host.Grains.GetGrain<INodeGrain>(node).GetAsync()).Require();
        Assert.Equal((NodeStatus.Joining, 8_000L, 0L), (view.Status, view.Hardware.CpuMilli, view.Session));
    }

    [Fact]
    public async Task The_largest_machine_there_could_be_is_believed()
    {
        using var key = SigningKey.Generate();
        using var answer = await host.JoinAsync(await host.TokenAsync(), key, RawAgent.Hardware(cpu: 1_000_000) with { MemoryBytes = 32 * Ti });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string Cards(string value) => value switch
    {
        "CARDS65" => Many(Enumerable.Range(0, 65).Select(static i => Card($"GPU-{i}", 80L << 30))),
        "CARDSTWICE" => Many([Card("GPU-1", 80L << 30), Card("GPU-1", 80L << 30)]),
        "CARDHUGE" => Many([Card("GPU-1", 1_024 * Ti)]),
        "CARDNEGATIVE" => Many([Card("GPU-1", -1)]),
        _ => value,
    };

    private static string Many(IEnumerable<string> cards) => $"[{string.Join(',', cards)}]";

    private static string Card(string uuid, long bytes) => JsonSerializer.Serialize(new GpuDevice("nvidia", "a100", bytes, "pcie", uuid, "NVIDIA A100"), AgentProtocolJson.Options);
}
