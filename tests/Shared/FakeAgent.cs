using System.Collections.Immutable;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Testing;

/// <summary>An agent without hardware: it speaks the real protocol, says that what it must run runs, and connects to another gateway when its own goes away.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    private const long Gi = 1L << 30;
    private readonly ImmutableArray<Uri> _gateways;
    private readonly SigningKey _key = SigningKey.Generate();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long _report;

    private FakeAgent(ImmutableArray<Uri> gateways) => _gateways = gateways;

    public string Node { get; private set; } = "";

    /// <summary>Index of the gateway it is connected to, or -1.</summary>
    public int ConnectedTo { get; private set; } = -1;

    /// <summary>Connections that were let in.</summary>
    public int Sessions { get; private set; }

    /// <summary>Ids of the workloads it was told to run last.</summary>
    public ImmutableArray<string> Workloads { get; private set; } = [];

    /// <summary>Joins by a provider's one-time token and stays connected until disposed.</summary>
    public static async Task<FakeAgent> JoinAsync(ImmutableArray<Uri> gateways, string token, int first)
    {
        var agent = new FakeAgent(gateways);
        using var client = new HttpClient { BaseAddress = gateways[0] };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/nodes/join")
        {
            Content = JsonContent.Create(new NodeJoinRequest(token, agent._key.PublicKey, Hardware(), "test", "127.0.0.1"), options: AgentProtocolJson.Options),
        };
        request.Headers.Add("Idempotency-Key", RequestSigner.NewIdempotencyKey());
        using var joined = await client.SendAsync(request);
        Assert.True(joined.IsSuccessStatusCode, await joined.Content.ReadAsStringAsync());
        agent.Node = (await joined.Content.ReadFromJsonAsync<NodeJoinResponse>(AgentProtocolJson.Options))!.NodeId;
        agent._running = agent.RunAsync(first);
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _key.Dispose();
    }

    private static HardwareInventory Hardware() => new("Test CPU", "x64", 64_000, 256 * Gi, [new("ephemeral", 1_000 * Gi)], [], "linux", 30_000, 30_999, ["native"]);

    private async Task RunAsync(int at)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var socket = new ClientWebSocket();
                socket.Options.AddSubProtocol(AgentProtocol.SubProtocol);
                await socket.ConnectAsync(new UriBuilder(new Uri(_gateways[at % _gateways.Length], "/v1/agent")) { Scheme = "ws" }.Uri, _stop.Token);
                await ServeAsync(socket, at % _gateways.Length);
            }
            catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException or HttpRequestException or JsonException)
            {
                // That gateway is gone, for now.
            }

            ConnectedTo = -1;
            at++;
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await pause.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task ServeAsync(ClientWebSocket socket, int gateway)
    {
        var (session, interval, applied, sequence) = (0L, TimeSpan.FromSeconds(5), -1L, 0L);
        var receiving = ReceiveAsync(socket);
        while (!_stop.IsCancellationRequested)
        {
            using var timer = new PeriodicTimer(interval);
            var due = session == 0 ? Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, _stop.Token) : timer.WaitForNextTickAsync(_stop.Token).AsTask();
            if (await Task.WhenAny(receiving, due) == due)
            {
                if (session == 0)
                {
                    return;
                }

                await SendAsync(socket, new AgentHeartbeat(session, ++sequence, Math.Max(applied, 0)));
                continue;
            }

            switch (await receiving)
            {
                case GatewayChallenge challenge:
                    var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
                    await SendAsync(socket, new AgentHello(Node, challenge.Nonce, now, NodeKey.SignHello(_key, Node, challenge.Nonce, now), Hardware(), "1.0", "boot"));
                    break;
                case AgentWelcome welcome:
                    (session, interval, ConnectedTo) = (welcome.Session, TimeSpan.FromMilliseconds(welcome.HeartbeatIntervalMs), gateway);
                    Sessions++;
                    await SendAsync(socket, new AgentPull(session));
                    break;
                case HeartbeatAck ack:
                    interval = TimeSpan.FromMilliseconds(ack.HeartbeatIntervalMs);
                    if (ack.Generation != applied)
                    {
                        await SendAsync(socket, new AgentPull(session));
                    }

                    break;
                case GatewayDesiredState desired:
                    applied = desired.State.Generation;
                    Workloads = [.. desired.State.Workloads.Select(static w => w.Id)];
                    await ReportAsync(socket, session, desired.State);
                    break;
                case GatewayLogRequest logs:
                    await SendAsync(socket, new AgentLogs(logs.Id, [new LogLine(logs.WorkloadId, 0, TimeProvider.System.GetUtcNow(), "stdout", "hello from " + Node)]));
                    await SendAsync(socket, new AgentStreamClosed(logs.Id, "logs.ended", "no more lines"));
                    break;
                case GatewayShellOpen shell:
                    await SendAsync(socket, new AgentStreamData(shell.Id, Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("shell of " + Node)), End: true));
                    await SendAsync(socket, new AgentStreamClosed(shell.Id, "shell.exited", "the program has ended", 0));
                    break;
                case GatewayRefusal or null:
                    return;
            }

            receiving = ReceiveAsync(socket);
        }
    }

    private async Task ReportAsync(ClientWebSocket socket, long session, DesiredState state)
    {
        if (state.Workloads.IsEmpty)
        {
            return;
        }

        var at = TimeProvider.System.GetUtcNow();
        _report++;
        await SendAsync(socket, new AgentReport(session, _report, [.. state.Workloads.Select(w => new WorkloadStatus(w.Id, _report, WorkloadPhase.Running, "", 0, at, 0, 0))]));
    }

    private async Task SendAsync(ClientWebSocket socket, AgentMessage message) =>
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options), WebSocketMessageType.Text, true, _stop.Token);

    private async Task<GatewayMessage?> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[AgentProtocol.MessageBytesMax];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), _stop.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                return JsonSerializer.Deserialize<GatewayMessage>(buffer.AsSpan(0, length), AgentProtocolJson.Options);
            }
        }
    }
}
