using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Buffers.Text;
using System.Text.Json;
using DepinGrains.Contracts.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Tests.Support;

/// <summary>A gateway that speaks the agent protocol for real (Kestrel, WebSocket, signatures) and remembers all it heard.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _nodeByJoinKey = new();
    private readonly ConcurrentDictionary<string, string> _keyByNode = new();
    private readonly ConcurrentQueue<WebSocket> _sockets = new();
    private WebApplication? _app;
    private WebSocket? _current;
    private readonly SemaphoreSlim _sending = new(1);
    private long _session;
    private int _port;

    public string Token { get; set; } = "token-1";

    public int HeartbeatIntervalMs { get; set; } = 100;

    /// <summary>False: reports are heard but not acknowledged.</summary>
    public bool AcknowledgeReports { get; set; } = true;

    /// <summary>False: heartbeats are heard but not answered.</summary>
    public bool AnswerHeartbeats { get; set; } = true;

    /// <summary>Sent instead of the welcome.</summary>
    public GatewayRefusal? Refusal { get; set; }

    /// <summary>Answers of the join that get lost on the way (the join itself counts).</summary>
    public int LoseJoinAnswers { get; set; }

    public int JoinsSeen { get; private set; }

    public DesiredState Desired { get; private set; } = new(0, [], []);

    public ConcurrentQueue<AgentHello> Hellos { get; } = new();

    public ConcurrentQueue<AgentReport> Reports { get; } = new();

    /// <summary>Different reports heard: one whose acknowledgement a cut lost is sent again under its number.</summary>
    public int DistinctReports => Reports.Select(static r => r.Sequence).Distinct().Count();

    public ConcurrentQueue<AgentHeartbeat> Heartbeats { get; } = new();

    public ConcurrentQueue<AgentPull> Pulls { get; } = new();

    public ConcurrentQueue<AgentLogs> Logs { get; } = new();

    /// <summary>False: whoever tests gives it himself.</summary>
    public bool GivesCredit { get; set; } = true;

    /// <summary>What came through a shell or tunnel so far.</summary>
    public byte[] Output(string stream) => [.. Streams.OfType<AgentStreamData>().Where(d => d.Id == stream).SelectMany(static d => Convert.FromBase64String(d.DataBase64))];

    /// <summary>The last word on a stream; waits for it.</summary>
    public Task<AgentStreamClosed> ClosedAsync(string stream) => Wait.ForAsync(() => Streams.OfType<AgentStreamClosed>().FirstOrDefault(c => c.Id == stream), $"the end of {stream}");

    public string Address => $"http://127.0.0.1:{_port}";

    public IEnumerable<string> Nodes => _keyByNode.Keys;

    /// <summary>Statuses of a workload in order of arrival, each sequence once.</summary>
    public IReadOnlyList<WorkloadStatus> Statuses(string workload) =>
        [.. Reports.SelectMany(r => r.Workloads).Where(s => s.WorkloadId == workload).DistinctBy(s => s.Sequence)];

    public WorkloadStatus? Last(string workload) => Statuses(workload).MaxBy(s => s.Sequence);

    public static async Task<TestGateway> StartAsync()
    {
        var gateway = new TestGateway();
        await gateway.ListenAsync();
        return gateway;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        var app = builder.Build();
        app.UseWebSockets();
        app.MapPost("/v1/nodes/join", (Delegate)JoinAsync);
        app.Map("/v1/agent", AgentAsync);
        await app.StartAsync();
        _port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        _app = app;
    }

    /// <summary>The gateway goes away; its port stays known.</summary>
    public async Task StopListeningAsync()
    {
        CutConnections();
        if (_app is { } app)
        {
            _app = null;
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await app.StopAsync(now.Token);
            await app.DisposeAsync();
        }
    }

    /// <summary>Cuts every connection as a broken network does.</summary>
    public void CutConnections()
    {
        while (_sockets.TryDequeue(out var socket))
        {
            socket.Abort();
        }
    }

    /// <summary>What the agent said about benchmarks.</summary>
    public ConcurrentQueue<AgentMessage> Benchmarks { get; } = new();

    /// <summary>What the agent said about tunnels.</summary>
    public ConcurrentQueue<AgentMessage> Streams { get; } = new();

    /// <summary>Public key of a node, base64.</summary>
    public string PublicKey(string node) => _keyByNode[node];

    /// <summary>The desired state as it is, and a benchmark.</summary>
    public void WantBenchmark(BenchmarkOffer? offer) => Desired = Desired with { Generation = Desired.Generation + 1, Benchmark = offer };

    public void Want(params WorkloadSpec[] workloads) => Hold([.. workloads.Select(static w => w.LeaseId).Distinct()], workloads);

    /// <summary>The same, while leases stand that run nothing now.</summary>
    public void Hold(ImmutableArray<string> leases, params WorkloadSpec[] workloads) => Desired = new DesiredState(Desired.Generation + 1, [.. workloads], leases);

    public async Task SendAsync(GatewayMessage message)
    {
        var socket = _current ?? throw new InvalidOperationException("no agent is connected");
        await SendAsync(socket, message);
    }

    public async ValueTask DisposeAsync()
    {
        await StopListeningAsync();
        _sending.Dispose();
    }

    private async Task<IResult> JoinAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync<NodeJoinRequest>(context.Request.Body, AgentProtocolJson.Options))!;
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        JoinsSeen++;
        if (!_nodeByJoinKey.TryGetValue(key, out var node))
        {
            if (request.Token != Token)
            {
                return Results.Json(new { code = "node.join_token_used", detail = "the token was used already" }, statusCode: 409);
            }

            Token = Guid.NewGuid().ToString();
            node = "node-" + (_nodeByJoinKey.Count + 1);
            _nodeByJoinKey[key] = node;
            _keyByNode[node] = request.PublicKey;
        }

        if (LoseJoinAnswers > 0)
        {
            LoseJoinAnswers--;
            return Results.StatusCode(503);
        }

        return Results.Json(new NodeJoinResponse(node), AgentProtocolJson.Options);
    }

    private async Task AgentAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains(AgentProtocol.SubProtocol))
        {
            context.Response.StatusCode = 400;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(AgentProtocol.SubProtocol);
        _sockets.Enqueue(socket);
        try
        {
            var nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));
            await SendAsync(socket, new GatewayChallenge(nonce));
            var hello = (AgentHello)(await ReadAsync(socket))!;
            Hellos.Enqueue(hello);
            Assert.Equal(nonce, hello.Nonce);
            if (Refusal is { } refusal || !SignatureHolds(hello))
            {
                await SendAsync(socket, Refusal ?? new GatewayRefusal("node.bad_signature", "the signature does not hold", false));
                return;
            }

            _current = socket;
            await SendAsync(socket, new AgentWelcome(Interlocked.Increment(ref _session), HeartbeatIntervalMs, Desired.Generation));
            while (await ReadAsync(socket) is { } message)
            {
                await HandleAsync(socket, message);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or InvalidOperationException or ObjectDisposedException or IOException)
        {
            // The connection was cut.
        }
    }

    private async Task HandleAsync(WebSocket socket, AgentMessage message)
    {
        switch (message)
        {
            case AgentHeartbeat heartbeat:
                Heartbeats.Enqueue(heartbeat);
                if (AnswerHeartbeats)
                {
                    await SendAsync(socket, new HeartbeatAck(heartbeat.Sequence, Desired.Generation, HeartbeatIntervalMs));
                }

                break;
            case AgentPull pull:
                Pulls.Enqueue(pull);
                await SendAsync(socket, new GatewayDesiredState(Desired));
                break;
            case AgentReport report:
                Reports.Enqueue(report);
                if (AcknowledgeReports)
                {
                    await SendAsync(socket, new ReportAck(report.Sequence));
                }

                break;
            case AgentLogs logs:
                Logs.Enqueue(logs);
                await CreditAsync(socket, logs.Id);
                break;
            case AgentBenchmarkReady or AgentBenchmarkAnswer or AgentBenchmarkDeclined:
                Benchmarks.Enqueue(message);
                break;
            case AgentStreamOpened or AgentStreamData or AgentStreamCredit or AgentStreamClosed:
                Streams.Enqueue(message);
                if (message is AgentStreamData { End: false } data)
                {
                    await CreditAsync(socket, data.Id);
                }

                break;
        }
    }

    private Task CreditAsync(WebSocket socket, string stream) => GivesCredit ? SendAsync(socket, new GatewayStreamCredit(stream, 1)) : Task.CompletedTask;

    private bool SignatureHolds(AgentHello hello)
    {
        if (!_keyByNode.TryGetValue(hello.Node, out var publicKey))
        {
            return false;
        }

        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
        return key.VerifyData(
            AgentProtocolJson.HelloBytes(hello.Node, hello.Nonce, hello.TimestampMs), Base64Url.DecodeFromChars(hello.Signature), HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private async Task SendAsync(WebSocket socket, GatewayMessage message)
    {
        await _sending.WaitAsync();
        try
        {
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options), WebSocketMessageType.Text, true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static async Task<AgentMessage?> ReadAsync(WebSocket socket)
    {
        var buffer = new byte[AgentProtocol.MessageBytesMax];
        var length = 0;
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += result.Count;
            if (result.EndOfMessage)
            {
                return JsonSerializer.Deserialize<AgentMessage>(buffer.AsSpan(0, length), AgentProtocolJson.Options);
            }
        }
    }
}
