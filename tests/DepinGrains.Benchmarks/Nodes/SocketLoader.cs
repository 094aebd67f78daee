using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Benchmarks.Nodes;

/// <summary>What the loader of sockets is told.</summary>
internal sealed record SocketLoad(string Address, string Key, string[] Nodes, int WarmUpSeconds, int Seconds, int SilenceSeconds);

/// <summary>What it measured; milliseconds.</summary>
internal sealed record SocketLoaded(int Connections, int Silent, double Rate, double P50, double P99, double Seconds);

/// <summary>Thousands of agents in one process: hello, then beats, each sent when the one before was acknowledged.</summary>
internal sealed class SocketLoader(SocketLoad load)
{
    private readonly Uri _address = new(load.Address);
    private readonly SigningKey _key = SigningKey.FromPem(load.Key);
    private Agent[] _agents = [];

    /// <summary>Opens every connection and says hello.</summary>
    public async Task PrepareAsync()
    {
        // Those that are in beat on, or they would be dead before the last has come.
        var (agents, stop) = (new Agent?[load.Nodes.Length], false);
        var keeping = Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                await Task.WhenAll(agents.OfType<Agent>().Select(BeatOnceAsync));
                await Task.Delay(500);
            }
        });
        await Parallel.ForAsync(0, load.Nodes.Length, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) => agents[i] = await ConnectAsync(load.Nodes[i]));
        Volatile.Write(ref stop, true);
        await keeping;
        _agents = [.. agents.OfType<Agent>()];
        await BeatAsync(_agents, load.WarmUpSeconds);
    }

    /// <summary>All beat.</summary>
    public Task<SocketLoaded> FloodAsync() => BeatAsync(_agents, load.Seconds);

    /// <summary>One in a hundred is silent from now on.</summary>
    public Task<SocketLoaded> SilenceAsync() => BeatAsync([.. _agents.Where(static (_, i) => i % 100 != 0)], load.SilenceSeconds);

    private async Task<SocketLoaded> BeatAsync(Agent[] agents, int seconds)
    {
        var started = Stopwatch.GetTimestamp();
        var end = started + (seconds * Stopwatch.Frequency);
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(agents.Select(agent => Task.Run(() => LoopAsync(agent, end)))))
        {
            all.Merge(latencies);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new SocketLoaded(_agents.Length, _agents.Length - agents.Length == 0 ? (_agents.Length + 99) / 100 : _agents.Length - agents.Length, all.Count / elapsed, all.Percentile(0.5), all.Percentile(0.99), elapsed);
    }

    private static async Task<Latencies> LoopAsync(Agent agent, long end)
    {
        var latencies = new Latencies();
        while (Stopwatch.GetTimestamp() < end)
        {
            var started = Stopwatch.GetTimestamp();
            await BeatOnceAsync(agent);
            latencies.Add(started);
        }

        return latencies;
    }

    private static async Task BeatOnceAsync(Agent agent)
    {
        var length = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $$"""{"type":"heartbeat","session":{{agent.Session}},"sequence":{{++agent.Sequence}},"appliedGeneration":0}"""), agent.Buffer);
        await agent.Socket.SendAsync(agent.Buffer.AsMemory(0, length), WebSocketMessageType.Text, true, CancellationToken.None);
        var received = await agent.Socket.ReceiveAsync(agent.Buffer.AsMemory(), CancellationToken.None);
        if (!agent.Buffer.AsSpan(0, received.Count).StartsWith("{\"type\":\"ack\""u8))
        {
            throw new InvalidOperationException("instead of an acknowledgement: " + Encoding.UTF8.GetString(agent.Buffer, 0, received.Count));
        }
    }

    private async Task<Agent> ConnectAsync(string node)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(_address.Host), _address.Port));
        var stream = new NetworkStream(socket, ownsSocket: true);
        var key = Convert.ToBase64String(Guid.NewGuid().ToByteArray());
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/agent HTTP/1.1\r\nHost: {_address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {AgentProtocol.SubProtocol}\r\n\r\n"));
        var head = new StringBuilder();
        var one = new byte[1];

        // Byte by byte: what follows the head belongs to the WebSocket.
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        if (!head.ToString().StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("no upgrade: " + head);
        }

        var agent = new Agent(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { SubProtocol = AgentProtocol.SubProtocol }));
        var nonce = ((GatewayChallenge)await agent.ReadAsync()).Nonce;
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var hello = new AgentHello(node, nonce, now, NodeKey.SignHello(_key, node, nonce, now), HeartbeatHost.Hardware, "bench", "boot");
        await agent.Socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes<AgentMessage>(hello, AgentProtocolJson.Options), WebSocketMessageType.Text, true, CancellationToken.None);
        agent.Session = await agent.ReadAsync() is AgentWelcome welcome ? welcome.Session : throw new InvalidOperationException("not let in");
        return agent;
    }

    private sealed class Agent(WebSocket socket)
    {
        public WebSocket Socket { get; } = socket;

        public byte[] Buffer { get; } = new byte[1_024];

        public long Session { get; set; }

        public long Sequence { get; set; }

        public async Task<GatewayMessage> ReadAsync()
        {
            var received = await Socket.ReceiveAsync(Buffer.AsMemory(), CancellationToken.None);
            var message = JsonSerializer.Deserialize<GatewayMessage>(Buffer.AsSpan(0, received.Count), AgentProtocolJson.Options)!;
            return message is GatewayRefusal refusal ? throw new InvalidOperationException($"{refusal.Code}: {refusal.Detail}") : message;
        }
    }
}
