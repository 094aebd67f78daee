using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Storage.Events;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Events;

/// <summary><c>/v1/events</c> itself: who may read which topic, resuming, and what a reader is told whose position is gone.</summary>
public sealed class EventEndpointTests
{
    [Fact]
    public async Task A_topic_needs_the_scope_that_reads_the_thing_itself()
    {
        await using var host = await FullHost.StartAsync();
        var (key, id) = await host.RegisterAsync();
        foreach (var (topic, scope) in ((string, string)[])[("identity/" + id, "identities:read"), ("provider/" + id, "leases:read"), ($"deployment/{id}/7", "deployments:read")])
        {
            using var poor = await AskAsync(host, topic, new TokenIssuer(key, id, "depin-test").Issue(["ledgers:read"]));
            var problem = await ProblemAssert.IsAsync(poor, HttpStatusCode.Forbidden, "identity.scope_missing");
            Assert.Equal(scope, problem.GetProperty("facts").GetProperty("scope").GetString());
            using var good = await AskAsync(host, topic, new TokenIssuer(key, id, "depin-test").Issue([scope]));
            Assert.Equal("text/event-stream", good.Content.Headers.ContentType?.MediaType);
        }

        using var market = await AskAsync(host, "market", null);
        Assert.Equal(HttpStatusCode.OK, market.StatusCode);
        foreach (var nonsense in (string[])["", "markets", "identity", "identity/x", "deployment/" + id, "node/\"", "%0a"])
        {
            using var unknown = await AskAsync(host, nonsense, null);
            await ProblemAssert.IsAsync(unknown, HttpStatusCode.NotFound, "events.topic_unknown");
        }
    }

    [Fact]
    public async Task A_reader_resumes_and_one_that_stayed_away_too_long_is_told_where_to_start_again()
    {
        await using var host = await FullHost.StartAsync();
        var (key, id) = await host.RegisterAsync();
        var (topic, token) = ("identity/" + id, new TokenIssuer(key, id, "depin-test").Issue(["read"]));
        using var second = SigningKey.Generate();
        using var third = SigningKey.Generate();
        foreach (var added in (SigningKey[])[second, third])
        {
            (await host.SendAsync(key, HttpMethod.Post, $"/v1/identities/{id}/keys", ForeignResourceTests.NewKey(added, id))).Dispose();
        }

        var all = await ReadAsync(host, topic, token, "0", 3);
        Assert.Equal("identity.registered", all[0].Type);
        Assert.Equal(all.Skip(1), await ReadAsync(host, topic, token, all[0].Id, 2));

        // Retention takes what the reader had still to read: refused before a stream begins, with the place to look and the place to go on from.
        await host.Services.GetRequiredService<IEventLog>().TrimAsync(TimeProvider.System.GetUtcNow().AddHours(1), 1_000);
        using var gone = await AskAsync(host, topic, token, all[0].Id);
        var facts = (await ProblemAssert.IsAsync(gone, HttpStatusCode.Gone, "events.gone")).GetProperty("facts");
        using var snapshot = await host.SendAsync(key, HttpMethod.Get, facts.GetProperty("snapshot").GetString()!, null);
        Assert.Equal(3, JsonNode.Parse(await snapshot.Content.ReadAsStringAsync())!["keys"]!.AsArray().Count);
        using var again = await AskAsync(host, topic, token, facts.GetProperty("head").GetString());
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);

        using var future = await AskAsync(host, topic, token, "999999999");
        await ProblemAssert.IsAsync(future, HttpStatusCode.Gone, "events.gone");
        using var nonsense = await AskAsync(host, topic, token, "soon");
        await ProblemAssert.IsAsync(nonsense, HttpStatusCode.BadRequest, "request.event_id_invalid");
    }

    [Fact]
    public async Task The_snapshot_a_topic_names_is_there()
    {
        await using var host = await FullHost.StartAsync();
        await using var scene = await LeaseScene.SetAsync(host);
        var node = (string)JsonNode.Parse(await host.Client.GetStringAsync("/v1/nodes"))!["items"]![0]!["id"]!;
        foreach (var (topic, key, id) in ((string, SigningKey, string)[])
            [
                ("market", scene.TenantKey, scene.Tenant), ("network", scene.TenantKey, scene.Tenant), ("node/" + node, scene.SellerKey, scene.Seller), ("deployment/" + scene.Deployment, scene.TenantKey, scene.Tenant),
                ("provider/" + scene.Seller, scene.SellerKey, scene.Seller), ("identity/" + scene.Tenant, scene.TenantKey, scene.Tenant),
            ])
        {
            using var gone = await AskAsync(host, topic, new TokenIssuer(key, id, "depin-test").Issue(["read"]), "999999999");
            var path = (await ProblemAssert.IsAsync(gone, HttpStatusCode.Gone, "events.gone")).GetProperty("facts").GetProperty("snapshot").GetString()!;
            using var snapshot = await host.SendAsync(key, HttpMethod.Get, path, null);
            Assert.Equal((topic, HttpStatusCode.OK), (topic, snapshot.StatusCode));
        }

        // No subnet here: the route is there, its subject is not.
        using var old = await AskAsync(host, "subnet/9", null, "999999999");
        var metagraph = (await ProblemAssert.IsAsync(old, HttpStatusCode.Gone, "events.gone")).GetProperty("facts").GetProperty("snapshot").GetString()!;
        await ProblemAssert.IsAsync(await host.Client.GetAsync(metagraph), HttpStatusCode.NotFound, "subnet.not_found");
    }

    [Fact]
    public async Task An_order_feed_follows_its_readers_profile()
    {
        await using var host = await FullHost.StartAsync();
        var (tenant, tenantId) = await host.RegisterAsync();
        var (seller, sellerId) = await host.RegisterAsync();
        (await host.SendAsync(tenant, HttpMethod.Post, "/v1/ledgers/uact/faucet", """{"amount":100000000}""")).Dispose();
        (await host.SendAsync(seller, HttpMethod.Post, "/v1/providers", """{"name":"seller"}""")).Dispose();
        var sdl = (await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"))).Replace("      pricing:", "      attributes:\n        region: eu-west\n      pricing:", StringComparison.Ordinal);
        using var deployed = await host.SendAsync(tenant, HttpMethod.Post, "/v1/deployments", new JsonObject { ["sdl"] = sdl, ["deposit"] = 5_000_000, ["dseq"] = "7" }.ToJsonString());
        Assert.True(deployed.IsSuccessStatusCode, await deployed.Content.ReadAsStringAsync());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/orders/feed");
        request.Headers.Authorization = new("Bearer", new TokenIssuer(seller, sellerId, "depin-test").Issue(["read"]));
        using var feed = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var ready = false;
        await foreach (var item in SseParser.Create(await feed.Content.ReadAsStreamAsync(patience.Token)).EnumerateAsync(patience.Token))
        {
            if (item.EventType == "feed.ready")
            {
                ready = true;
                (await host.SendAsync(seller, HttpMethod.Post, "/v1/providers", """{"name":"seller","attributes":{"region":"eu-west"}}""")).Dispose();
            }
            else if (item.EventType == "order.open")
            {
                Assert.True(ready);
                Assert.Contains(tenantId + "/7", item.Data, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail("the order was never shown");
    }

    private static async Task<List<(string? Id, string Type)>> ReadAsync(FullHost host, string topic, string token, string? after, int wanted)
    {
        using var answer = await AskAsync(host, topic, token, after);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var events = new List<(string? Id, string Type)>();
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(patience.Token)).EnumerateAsync(patience.Token))
        {
            events.Add((item.EventId, item.EventType));
            if (events.Count == wanted)
            {
                break;
            }
        }

        return events;
    }

    private static async Task<HttpResponseMessage> AskAsync(FullHost host, string topic, string? token, string? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/events?topic=" + topic);
        if (token is not null)
        {
            request.Headers.Authorization = new("Bearer", token);
        }

        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
