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
