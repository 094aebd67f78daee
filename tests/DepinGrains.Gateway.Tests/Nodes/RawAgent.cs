using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>An agent of bare WebSocket frames, which can do what a real one never would.</summary>
public sealed class RawAgent : IAsyncDisposable
{
    private const long Gi = 1L << 30;
    private readonly ClientWebSocket _socket = new();

    public AgentWelcome Welcome { get; private set; } = null!;

    public static HardwareInventory Hardware(long cpu = 8_000) =>
        new("Test CPU", "x64", cpu, 16 * Gi, [new("ephemeral", 100 * Gi)], [], "linux", 30_000, 30_099, ["container", "native"]);

    /// <summary>A new node of a provider: its key and id.</summary>
    public static async Task<(SigningKey Key, string Node)> JoinedAsync(Http.TestHost host, string provider)
    {
        var key = SigningKey.Generate();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var token = (await grains.GetGrain<IProviderGrain>(provider).CreateJoinTokenAsync(key.KeyId, TimeSpan.FromHours(1))).Require().Token;
        var node = NodeIds.ForKey(Convert.FromBase64String(key.PublicKey));
        (await grains.GetGrain<IProviderGrain>(provider).RedeemJoinTokenAsync(token, node)).Require();
        (await grains.GetGrain<INodeGrain>(node).JoinAsync(key.KeyId, new NodeRegistration(provider, key.PublicKey, Hardware(), "", "127.0.0.1", []))).Require();
        return (key, node);
    }

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

    public async Task SendAsync(byte[] message)
    {
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, true, Limit());
        }
        catch (ObjectDisposedException aborted)
        {
            throw Aborted(aborted);
        }
    }

    /// <summary>The next message, or null when the gateway closed.</summary>
    public async Task<GatewayMessage?> ReceiveAsync()
    {
        var buffer = new byte[AgentProtocol.MessageBytesMax];
        var length = 0;
        while (true)
        {
            var received = await ReceiveAsync(buffer.AsMemory(length));
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

    /// <summary>Beats until this beat is answered.</summary>
    public Task<HeartbeatAck> BeatAsync(long sequence, long applied = 0) =>
        BeatAsync(JsonSerializer.SerializeToUtf8Bytes<AgentMessage>(new AgentHeartbeat(Welcome.Session, sequence, applied), AgentProtocolJson.Options), ack => ack.Sequence == sequence);

    /// <summary>Sends a beat once a second until an answer is the wanted one: a gateway may lose a batch of beats, and agents beat again.</summary>
    public async Task<HeartbeatAck> BeatAsync(byte[] beat, Func<HeartbeatAck, bool> wanted)
    {
        using var answered = new CancellationTokenSource();
        var sending = RepeatAsync(beat, answered.Token);
        try
        {
            while (true)
            {
                var ack = await ReceiveAsync<HeartbeatAck>();
                if (wanted(ack))
                {
                    return ack;
                }
            }
        }
        finally
        {
            await answered.CancelAsync();
            await sending;
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

    private async Task<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, Limit());
        }
        catch (ObjectDisposedException aborted)
        {
            throw Aborted(aborted);
        }
    }

    /// <summary>A call that begins after <see cref="Abort"/> meets the same end as one that was under way.</summary>
    private static WebSocketException Aborted(ObjectDisposedException cause) => new(WebSocketError.ConnectionClosedPrematurely, cause);

    private async Task RepeatAsync(byte[] message, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            do
            {
                await SendAsync(message);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (Exception end) when (end is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // Answered, or the line is closed and whoever reads it hears why.
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
