using System.Net;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Gateway.Tests.Nodes;

namespace DepinGrains.Gateway.Tests.Leases;

/// <summary>Streams and shells that are open when a credential is taken away, and how many of them there may be.</summary>
public sealed class StreamEndTests
{
    private static readonly Dictionary<string, string?> Often = new()
    {
        ["Http:StreamRecheckSeconds"] = "1", ["Http:KeyCacheSeconds"] = "0", ["Http:StreamHeartbeatSeconds"] = "1", ["Deployments:BidWindow"] = "00:00:01", ["Deployments:RescreenEvery"] = "00:00:01",
    };

    [Fact]
    public async Task An_event_stream_ends_with_the_reason_when_its_api_key_is_revoked()
    {
        await using var host = await FullHost.StartAsync(settings: Often);
        var (key, id) = await host.RegisterAsync();
        var made = await PostAsync(host, key, $"/v1/identities/{id}/api-keys", $$"""{"name":"ci","scopes":["read"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""");
        using var answer = await OpenAsync(host, $"/v1/events?topic=identity/{id}", (string)made["key"]!);
        using (var revoked = await host.SendAsync(key, HttpMethod.Delete, $"/v1/identities/{id}/api-keys/{made["apiKey"]!["prefix"]}", null))
        {
            Assert.True(revoked.IsSuccessStatusCode, await revoked.Content.ReadAsStringAsync());
        }

        Assert.Equal("identity.api_key_revoked", await EndAsync(answer));
    }

    [Fact]
    public async Task Logs_and_a_shell_end_with_the_reason_when_the_key_behind_their_token_is_revoked()
    {
        await using var host = await FullHost.StartAsync(settings: Often);
        var heard = new ShellAgent();
        await using var scene = await LeaseScene.SetAsync(host, live: heard.LiveAsync);
        using var hot = SigningKey.Generate();
        await PostAsync(host, scene.TenantKey, $"/v1/identities/{scene.Tenant}/keys", ForeignResourceTests.NewKey(hot, scene.Tenant));
        var token = new TokenIssuer(hot, scene.Tenant, "depin-test").Issue(["leases:read", "leases:shell"]);
        using var logs = await OpenAsync(host, scene.Lease + "/logs?follow=true", token);
        using var person = await ShellAsync(host, scene, token);
        await NodeHost.EventuallyAsync(() => Task.FromResult(heard.Shells.Count == 1), "the shell began");
        using (var revoked = await host.SendAsync(scene.TenantKey, HttpMethod.Delete, $"/v1/identities/{scene.Tenant}/keys/{hot.KeyId}", null))
        {
            Assert.True(revoked.IsSuccessStatusCode, await revoked.Content.ReadAsStringAsync());
        }

        Assert.Equal("identity.key_revoked", await EndAsync(logs));
        var last = JsonNode.Parse(await TextAsync(person))!;
        Assert.Equal(("identity.key_revoked", null), ((string?)last["code"], (int?)last["exitCode"]));
        await TextAsync(person);
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "identity.key_revoked"), (person.CloseStatus, person.CloseStatusDescription));
        await NodeHost.EventuallyAsync(() => Task.FromResult(heard.Closed.Contains(heard.Shells.Single().Id)), "the agent is told to kill the shell");
    }

    [Fact]
    public async Task A_stream_outlives_its_token_as_long_as_the_key_is_good()
    {
        await using var host = await FullHost.StartAsync(settings: Often);
        var (key, id) = await host.RegisterAsync();
        var token = new TokenIssuer(key, id, "depin-test").Issue(["read"], TimeSpan.FromSeconds(15));
        var over = TimeProvider.System.GetUtcNow().AddSeconds(15);
        using var answer = await OpenAsync(host, $"/v1/events?topic=identity/{id}", token);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        // Some looks after its end.
        for (var beats = 0; beats < 4;)
        {
            var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.NotNull(line);
            Assert.NotEqual("event: ended", line);
            beats += line == ": still here" && TimeProvider.System.GetUtcNow() > over ? 1 : 0;
        }

        using var again = await SendAsync(host, $"/v1/events?topic=identity/{id}", token);
        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
    }

    [Fact]
    public async Task One_caller_has_so_many_shells_and_one_workload_so_many_streams()
    {
        await using var host = await FullHost.StartAsync(settings: new(Often) { ["Http:StreamsPerCallerMax"] = "3", ["AgentEndpoint:StreamsPerWorkloadMax"] = "2" });
        var heard = new ShellAgent();
        await using var scene = await LeaseScene.SetAsync(host, live: heard.LiveAsync);
        var token = new TokenIssuer(scene.TenantKey, scene.Tenant, "depin-test").Issue(["leases:read", "leases:shell"]);
        using var first = await ShellAsync(host, scene, token);
        using var logs = await OpenAsync(host, scene.Lease + "/logs?follow=true", token);
        await NodeHost.EventuallyAsync(() => Task.FromResult(heard.Logs == 1), "the logs are followed");

        // The workload has its two; the caller has a third place, but not here.
        using var more = await OpenAsync(host, scene.Lease + "/logs?follow=true", token);
        Assert.Equal("agent.workload_streams_in_use", await EndAsync(more));
        using var elsewhere = await OpenAsync(host, "/v1/events?topic=market", token);
        using var fourth = await SendAsync(host, scene.Shell, token);
        await ProblemAssert.IsAsync(fourth, HttpStatusCode.BadRequest, "lease.shell_invalid");
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => ShellAsync(host, scene, token));
        Assert.Contains("429", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<ClientWebSocket> ShellAsync(FullHost host, LeaseScene scene, string token)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        await socket.ConnectAsync(new UriBuilder(new Uri(host.Address, scene.Shell)) { Scheme = "ws" }.Uri, new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token);
        return socket;
    }

    /// <summary>The next text message; empty when the other side closed.</summary>
    private static async Task<string> TextAsync(ClientWebSocket socket)
    {
        var buffer = new byte[8_192];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token);
            if (received.MessageType != WebSocketMessageType.Binary)
            {
                return Encoding.UTF8.GetString(buffer, 0, received.Count);
            }
        }
    }

    /// <summary>The code of the stream's last event, which says why it ended.</summary>
    private static async Task<string?> EndAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        SseItem<string>? last = null;
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(patience.Token)).EnumerateAsync(patience.Token))
        {
            last = item;
        }

        Assert.Equal("ended", last?.EventType);
        return (string?)JsonNode.Parse(last!.Value.Data)!["code"];
    }

    private static async Task<HttpResponseMessage> OpenAsync(FullHost host, string path, string credential)
    {
        var answer = await SendAsync(host, path, credential);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    private static async Task<HttpResponseMessage> SendAsync(FullHost host, string path, string credential)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new("Bearer", credential) } };
        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<JsonNode> PostAsync(FullHost host, SigningKey key, string path, string body)
    {
        using var answer = await host.SendAsync(key, HttpMethod.Post, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>An agent that beats, hears of shells and logs, and says nothing.</summary>
    private sealed class ShellAgent
    {
        private int _logs;

        public System.Collections.Concurrent.ConcurrentQueue<GatewayShellOpen> Shells { get; } = [];

        public System.Collections.Concurrent.ConcurrentQueue<string> Closed { get; } = [];

        public int Logs => Volatile.Read(ref _logs);

        public async Task LiveAsync(RawAgent agent, CancellationToken cancel)
        {
            var beats = agent.KeepBeatingAsync(TimeSpan.FromSeconds(1), cancel);
            using var end = cancel.Register(agent.Abort);
            try
            {
                while (await agent.ReceiveAsync() is { } message)
                {
                    if (message is GatewayShellOpen shell)
                    {
                        Shells.Enqueue(shell);
                    }
                    else if (message is GatewayStreamClose close)
                    {
                        Closed.Enqueue(close.Id);
                    }
                    else if (message is GatewayLogRequest)
                    {
                        Interlocked.Increment(ref _logs);
                    }
                }
            }
            catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
            {
                // The test is over.
            }

            await beats;
        }
    }
}
