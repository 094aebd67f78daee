using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>An agent of bare WebSocket frames, which can do what a real one never would.</summary>
public sealed class RawAgent : IAsyncDisposable
{
    private const long Gi = 1L << 30;
    private readonly ClientWebSocket _socket = new();

    public AgentWelcome Welcome { get; private set; } = null!;

    public static HardwareInventory Hardware(long cpu = 8_000) =>
        new("Test CPU", "x64", cpu, 16 * Gi, [new("ephemeral", 100 * Gi)], [], "linux", 30_000, 30_099, ["container", "native"]);

    public static async Task<RawAgent> OpenAsync(Http.TestHost host)
    {
        var agent = new RawAgent();
        agent._socket.Options.AddSubProtocol(AgentProtocol.SubProtocol);
        await agent._socket.ConnectAsync(new UriBuilder(new Uri(host.Address, "/v1/agent")) { Scheme = "ws" }.Uri, Limit());
        return agent;
    }

    /// <summary>Opens and says hello; the answer is the welcome, or the refusal.</summary>
    public static async Task<(RawAgent Agent, GatewayMessage? Answer)> HelloAsync(Http.TestHost host, string node, SigningKey key, HardwareInventory? hardware = null)
    {
        var agent = await OpenAsync(host);
        var challenge = Assert.IsType<GatewayChallenge>(await agent.ReceiveAsync());
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await agent.SendAsync(new AgentHello(node, challenge.Nonce, now, NodeKey.SignHello(key, node, challenge.Nonce, now), hardware ?? Hardware(), "1.0", "boot"));
        return (agent, await agent.ReceiveAsync());
    }

    public static async Task<RawAgent> ConnectAsync(Http.TestHost host, string node, SigningKey key)
    {
        var (agent, answer) = await HelloAsync(host, node, key);
        agent.Welcome = Assert.IsType<AgentWelcome>(answer);
        return agent;
    }

    public Task SendAsync(AgentMessage message) => SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options));

    public Task SendAsync(byte[] message) => _socket.SendAsync(message, WebSocketMessageType.Text, true, Limit());

    /// <summary>The next message, or null when the gateway closed.</summary>
    public async Task<GatewayMessage?> ReceiveAsync()
    {
        var buffer = new byte[AgentProtocol.MessageBytesMax];
        var length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(buffer.AsMemory(length), Limit());
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

    /// <summary>The next message of a kind; others (acknowledgements pushed in between) are passed over.</summary>
    public async Task<T> ReceiveAsync<T>()
        where T : GatewayMessage
    {
        while (true)
        {
            var message = await ReceiveAsync() ?? throw new InvalidOperationException($"closed while waiting for {typeof(T).Name}");
            if (message is T wanted)
            {
                return wanted;
            }

            Assert.IsNotType<GatewayRefusal>(message);
        }
    }

    public async Task<HeartbeatAck> BeatAsync(long sequence, long applied = 0)
    {
        await SendAsync(new AgentHeartbeat(Welcome.Session, sequence, applied));
        while (true)
        {
            var ack = await ReceiveAsync<HeartbeatAck>();
            if (ack.Sequence == sequence)
            {
                return ack;
            }
        }
    }

    /// <summary>Beats once a period until cancelled or until the gateway closed.</summary>
    public async Task KeepBeatingAsync(TimeSpan period, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(period);
        try
        {
            for (var sequence = 1L; _socket.State == WebSocketState.Open; sequence++)
            {
                await SendAsync(new AgentHeartbeat(Welcome.Session, sequence, 0));
                await timer.WaitForNextTickAsync(cancel);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or WebSocketException)
        {
            // Told, or the line is closed.
        }
    }

    /// <summary>Ends without a word, as a machine that lost its power.</summary>
    public void Abort() => _socket.Abort();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static CancellationToken Limit() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
