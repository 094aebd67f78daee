using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Leases;

/// <summary>The logs of a lease with two workloads over the real endpoint: both are shown, and a reader whose connection broke misses nothing and reads nothing twice.</summary>
public sealed class LeaseLogTests
{
    [Fact]
    public async Task Followed_logs_show_every_workload_and_go_on_after_a_break_where_they_were()
    {
        await using var host = await FullHost.StartAsync(settings: new() { ["Deployments:BidWindow"] = "00:00:01", ["Deployments:RescreenEvery"] = "00:00:01" });
        var agent = new LogAgent();
        var sdl = await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"));
        await using var scene = await LeaseScene.SetAsync(host, sdl.Replace("count: 1", "count: 2", StringComparison.Ordinal), agent.LiveAsync);
        var workloads = await WorkloadsAsync(host, scene);
        Assert.Equal(2, workloads.Length);
        foreach (var workload in workloads)
        {
            agent.Write(workload, workload + " says 0");
            agent.Write(workload, workload + " says 1");
        }

        var everything = workloads.SelectMany(static w => (string[])[w + " says 0", w + " says 1"]).Order().ToArray();
        var followed = await ReadAsync(host, scene, "?follow=true", null, 4);
        Assert.Equal(everything, followed.Select(static e => e.Text).Order());

        // The connection broke; both go on writing.
        agent.Write(workloads[0], workloads[0] + " says 2");
        agent.Write(workloads[1], workloads[1] + " says 2");
        var resumed = await ReadAsync(host, scene, "?follow=true", followed[^1].Id, 2);
        Assert.Equal(workloads.Select(static w => w + " says 2").Order(), resumed.Select(static e => e.Text).Order());

        // One workload is read to its end, the other not at all yet.
        var once = await ReadAsync(host, scene, "", null, 6);
        Assert.Equal(workloads.SelectMany(static w => (string[])[w + " says 0", w + " says 1", w + " says 2"]), once.Select(static e => e.Text));
        var rest = await ReadAsync(host, scene, "", once[2].Id, 3);
        Assert.Equal(once.Skip(3), rest);

        foreach (var nonsense in (string[])["x", "1", "1.2.3", "-1.2"])
        {
            using var refused = await AskAsync(host, scene, "", nonsense);
            await ProblemAssert.IsAsync(refused, HttpStatusCode.BadRequest, RequestError.EventIdInvalid);
        }
    }

    private static async Task<string[]> WorkloadsAsync(FullHost host, LeaseScene scene)
    {
        using var answer = await host.SendAsync(scene.TenantKey, HttpMethod.Get, scene.Lease, null);
        return [.. JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["workloads"]!.AsArray().Select(static w => (string)w!["id"]!)];
    }

    private static async Task<List<(string? Id, string Text)>> ReadAsync(FullHost host, LeaseScene scene, string query, string? after, int wanted)
    {
        using var answer = await AskAsync(host, scene, query, after);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var events = new List<(string? Id, string Text)>();
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(patience.Token)).EnumerateAsync(patience.Token))
        {
            events.Add((item.EventId, (string)JsonNode.Parse(item.Data)!["text"]!));
            if (events.Count == wanted)
            {
                break;
            }
        }

        return events;
    }

    private static async Task<HttpResponseMessage> AskAsync(FullHost host, LeaseScene scene, string query, string? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, scene.Lease + "/logs" + query);
        request.Headers.Authorization = new("Bearer", new TokenIssuer(scene.TenantKey, scene.Tenant, "depin-test").Issue(["leases:read"], lease: scene.Lease["/v1/leases/".Length..]));
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
