using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>Joining, listing, draining over HTTP.</summary>
public sealed class NodeEndpointTests(NodeHost host) : IClassFixture<NodeHost>
{
    [Fact]
    public async Task A_join_sent_twice_is_one_node_and_its_token_is_no_good_for_another_key()
    {
        using var key = SigningKey.Generate();
        var token = await host.TokenAsync();
        using var first = await host.JoinAsync(token, key);
        using var again = await host.JoinAsync(token, key);
        var id = (await first.Content.ReadFromJsonAsync<NodeJoinResponse>())!.NodeId;
        Assert.Equal(NodeIds.ForKey(Convert.FromBase64String(key.PublicKey)), id);
        Assert.Equal(id, (await again.Content.ReadFromJsonAsync<NodeJoinResponse>())!.NodeId);

        using var other = SigningKey.Generate();
        using var refused = await host.JoinAsync(token, other);
        Assert.Equal("provider.join_token_used", await CodeAsync(refused));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"token\":\"x.y\",\"publicKey\":\"AAAA\",\"hardware\":null}")]
    [InlineData("{\"token\":\"x.y\",\"publicKey\":\"AAAA\",\"hardware\":{\"cpuMilli\":-1}}")]
    [InlineData("[1,2")]
    public async Task A_bad_join_is_a_problem_and_no_node(string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/nodes/join") { Content = Http.JsonBody.Of(body) };
        request.Headers.Add("Idempotency-Key", "bad");
        using var response = await host.Client.SendAsync(request);
        Assert.InRange((int)response.StatusCode, 400, 422);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Impossible_hardware_and_a_forged_token_are_refused()
    {
        using var key = SigningKey.Generate();
        using var liar = await host.JoinAsync(await host.TokenAsync(), key, RawAgent.Hardware(cpu: -5));
        Assert.Equal("node.hardware_invalid", await CodeAsync(liar));
        using var forged = await host.JoinAsync(host.Provider + ".0123456789abcdef", key);
        Assert.Equal("provider.join_token_invalid", await CodeAsync(forged));
    }

    [Fact]
    public async Task Nodes_are_listed_filtered_and_read_with_an_etag_by_anyone()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        var beating = true;
        var beats = Task.Run(async () =>
        {
            for (var i = 1; Volatile.Read(ref beating); i++)
            {
                await agent.BeatAsync(i);
                await Task.Delay(100);
            }
        });
        var page = await host.Client.GetFromJsonAsync<JsonElement>($"/v1/nodes?status=online&provider={host.Provider}&region=eu-west&limit=200");
        Assert.Contains(page.GetProperty("items").EnumerateArray(), item => item.GetProperty("id").GetString() == node && item.GetProperty("status").GetString() == "online");
        var none = await host.Client.GetFromJsonAsync<JsonElement>("/v1/nodes?region=nowhere");
        Assert.Equal(0, none.GetProperty("items").GetArrayLength());

        using var one = await host.Client.GetAsync($"/v1/nodes/{node}");
        Assert.Equal(8_000, (await one.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("free").GetProperty("cpuMilli").GetInt64());
        using var cached = new HttpRequestMessage(HttpMethod.Get, $"/v1/nodes/{node}");
        cached.Headers.IfNoneMatch.Add(one.Headers.ETag!);
        using var unchanged = await host.Client.SendAsync(cached);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Volatile.Write(ref beating, false);
        await beats;

        Assert.Equal("node.status_invalid", await CodeAsync(await host.Client.GetAsync("/v1/nodes?status=fine")));
        Assert.Equal("node.not_found", await CodeAsync(await host.Client.GetAsync("/v1/nodes/node_x")));
        Assert.Equal("request.cursor_invalid", await CodeAsync(await host.Client.GetAsync("/v1/nodes?cursor=abc")));
    }

    [Fact]
    public async Task Only_the_owner_drains_a_node_and_a_retry_answers_the_same()
    {
        var (_, node) = await host.JoinedAsync();
        using var stranger = SigningKey.Generate();
        await host.RegisterAsync(stranger, "provider");
        using var foreign = await host.SignedAsync(stranger, HttpMethod.Post, $"/v1/nodes/{node}/drain", new { drain = true });
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        Assert.Equal("node.not_owner", await CodeAsync(foreign));

        using var drained = await host.SignedByOwnerAsync($"/v1/nodes/{node}/drain", new { drain = true }, "drain-1");
        Assert.True(drained.IsSuccessStatusCode, await drained.Content.ReadAsStringAsync());
        using var reused = await host.SignedByOwnerAsync($"/v1/nodes/{node}/drain", new { drain = false }, "drain-1");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reused.StatusCode);

        using var unsigned = new HttpRequestMessage(HttpMethod.Post, $"/v1/nodes/{node}/drain") { Content = Http.JsonBody.Of(new { drain = true }) };
        unsigned.Headers.Add("Idempotency-Key", "x");
        using var refused = await host.Client.SendAsync(unsigned);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task The_agents_address_without_an_upgrade_is_a_problem()
    {
        using var response = await host.Client.GetAsync("/v1/agent");
        Assert.Equal("agent.upgrade_invalid", await CodeAsync(response));
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
}
