using System.Net.WebSockets;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>Whoever types into a shell faster than its node reads waits; the node, and everybody else on it, does not notice.</summary>
public sealed class ShellInputTests
{
    private const int Chunks = 2_000;
    private const int ChunkBytes = 16_384;

    [Fact]
    public async Task A_flood_of_input_waits_for_the_agent_and_does_not_cost_it_its_connection()
    {
        await using var host = await FullHost.StartAsync(settings: new() { ["AgentEndpoint:SendQueueMax"] = "16" });
        var ready = new TaskCompletionSource();
        var read = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var scene = await LeaseScene.SetAsync(host, live: (agent, cancel) => LiveAsync(agent, ready.Task, read, cancel));
        using var person = new ClientWebSocket();
        var token = new TokenIssuer(scene.TenantKey, scene.Tenant, "depin-test").Issue(["read", "leases:shell"]);
        person.Options.SetRequestHeader("Authorization", "Bearer " + token);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await person.ConnectAsync(new UriBuilder(new Uri(host.Address, scene.Shell)) { Scheme = "ws" }.Uri, limit.Token);

        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Chunks; Interlocked.Increment(ref sent))
            {
                await person.SendAsync(new byte[ChunkBytes], WebSocketMessageType.Binary, true, limit.Token);
            }
        });

        // Until all that is between the two is full.
        for (var before = -1; !sending.IsCompleted && Volatile.Read(ref sent) is var now && (now == 0 || now != before);)
        {
            before = Volatile.Read(ref sent);
            await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(1), limit.Token));
        }

        Assert.InRange(Volatile.Read(ref sent), 1, Chunks - 1);
        ready.SetResult();
        await sending;
        Assert.Equal((long)Chunks * ChunkBytes, await read.Task.WaitAsync(limit.Token));
        using var node = await host.SendAsync(scene.SellerKey, HttpMethod.Get, "/v1/nodes?provider=" + scene.Seller, null);
        var seen = JsonNode.Parse(await node.Content.ReadAsStringAsync())!["items"]![0]!;
        Assert.Equal(("online", 1), ((string?)seen["status"], (int)seen["session"]!));
    }

    /// <summary>Beats all the time; reads nothing until told, then the input of the shell.</summary>
    private static async Task LiveAsync(RawAgent agent, Task ready, TaskCompletionSource<long> read, CancellationToken cancel)
    {
        var reading = Task.Run(async () =>
        {
            await ready;
            try
            {
                for (var bytes = 0L; bytes < (long)Chunks * ChunkBytes;)
                {
                    var data = await agent.ReceiveAsync<GatewayStreamData>();
                    bytes += Convert.FromBase64String(data.DataBase64).Length;
                    await agent.SendAsync(new AgentStreamCredit(data.Id, 1));
                    if (bytes == (long)Chunks * ChunkBytes)
                    {
                        read.SetResult(bytes);
                    }
                }
            }
            catch (Exception problem)
            {
                read.TrySetException(problem);
            }
        }, CancellationToken.None);
        await agent.KeepBeatingAsync(TimeSpan.FromSeconds(1), cancel);
        agent.Abort();
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(10), CancellationToken.None));
    }
}
