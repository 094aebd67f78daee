using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using DepinGrains.Agent.Benchmarks;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Streams;
using DepinGrains.Agent.Telemetry;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Connection;

/// <summary>Keeps one connection to some gateway: joins first when need be, goes to the next gateway after a failure, waits longer after each, never gives up except on a final refusal.</summary>
internal sealed partial class GatewayConnector(
    AgentOptions options, NodeIdentity identity, StateStore store, Reconciler reconciler, LogLibrary logs, ExecutorSet executors,
    Func<CancellationToken, Task<HardwareInventory>> detect, AgentMetrics metrics, TimeProvider clock, ILogger logger)
{
    private readonly GatewayList _gateways = new(options);
    private readonly string _boot = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Called with the session number at every welcome.</summary>
    public Action<long>? Connected { get; set; }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="AgentRefusedException">Final refusal.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = options.Connection.HandshakeTimeout, AllowAutoRedirect = false });
        for (var failures = 0; ; failures++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var since = clock.GetTimestamp();
            try
            {
                var gateway = await _gateways.NextAsync(cancellationToken);
                await ConnectAsync(http, gateway, cancellationToken);
                LogClosed(logger, gateway);
            }
            catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException or ProtocolException or InvalidOperationException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                metrics.ConnectionFailed();
                LogFailed(logger, e.Message);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (clock.GetElapsedTime(since) > options.Connection.BackOffMax)
            {
                // It had worked for a while: this is a new trouble, not the old one.
                failures = 0;
            }

            await Task.Delay(
                RestartBackOff.Jittered(failures, options.Connection.BackOffMin, options.Connection.BackOffMax, RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20)),
                clock, cancellationToken);
        }
    }

    private async Task ConnectAsync(HttpClient http, Uri gateway, CancellationToken cancellationToken)
    {
        var hardware = await detect(cancellationToken);
        if (identity.NodeId is null)
        {
            using var joining = Limit(cancellationToken);
            await new NodeJoiner(options, identity).JoinAsync(http, gateway, hardware, joining.Token);
            LogJoined(logger, identity.NodeId!);
        }

        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol(AgentProtocol.SubProtocol);
        using (var connecting = Limit(cancellationToken))
        {
            await client.ConnectAsync(GatewayList.Socket(gateway), connecting.Token);
        }

        using var socket = new AgentSocket(client, options.Connection, clock);
        using var benchmarks = new BenchmarkHost(options, identity, store, () => hardware.CpuMilli, clock, logger);
        using var streams = new StreamHub(
            new LogReader(logs, options, clock), new ShellHost(store, executors), new TunnelHost(new TunnelTargets(options, store), options.Tunnels, clock), options, clock);
        try
        {
            var welcome = await GreetAsync(socket, hardware, cancellationToken);
            LogWelcome(logger, gateway, welcome.Session);
            metrics.Connected();
            Connected?.Invoke(welcome.Session);
            await new AgentSession(socket, welcome, store, reconciler, streams, benchmarks, options.Connection, metrics, clock, logger).RunAsync(cancellationToken);
        }
        finally
        {
            metrics.Disconnected();
            await socket.CloseAsync();
        }
    }

    private async Task<AgentWelcome> GreetAsync(AgentSocket socket, HardwareInventory hardware, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        var challenge = await ExpectAsync<GatewayChallenge>(socket, limit.Token);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var signature = identity.Sign(AgentProtocolJson.HelloBytes(identity.NodeId!, challenge.Nonce, now));
        await socket.WriteAsync(new AgentHello(identity.NodeId!, challenge.Nonce, now, signature, hardware, Version, _boot), limit.Token);
        return await ExpectAsync<AgentWelcome>(socket, limit.Token);
    }

    private static async Task<T> ExpectAsync<T>(AgentSocket socket, CancellationToken cancellationToken)
        where T : GatewayMessage =>
        await socket.ReadAsync(cancellationToken) switch
        {
            T expected => expected,
            GatewayRefusal { Final: true } refusal => throw new AgentRefusedException(refusal.Code, refusal.Detail),
            GatewayRefusal refusal => throw new ProtocolException($"the gateway refused: {refusal.Code}: {refusal.Detail}"),
            null => throw new ProtocolException("the gateway closed during the handshake"),
            var other => throw new ProtocolException($"the gateway sent {other.GetType().Name} instead of {typeof(T).Name}"),
        };

    private static string Version { get; } =
        typeof(GatewayConnector).Assembly.GetName().Version?.ToString(3) ?? 0.ToString(CultureInfo.InvariantCulture);

    /// <summary>A handshake step's time limit; its cancellation counts as a failure of the connection, not as the agent's end.</summary>
    private LinkedLimit Limit(CancellationToken cancellationToken) => new(options.Connection.HandshakeTimeout, clock, cancellationToken);

    private sealed class LinkedLimit : IDisposable
    {
        private readonly CancellationTokenSource _timer;
        private readonly CancellationTokenSource _both;

        public LinkedLimit(TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
        {
            _timer = new CancellationTokenSource(limit, clock);
            _both = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, cancellationToken);
        }

        public CancellationToken Token => _both.Token;

        public void Dispose()
        {
            _both.Dispose();
            _timer.Dispose();
        }
    }

    [LoggerMessage(EventId = 7301, Level = LogLevel.Information, Message = "Joined the network as node {Node}.")]
    private static partial void LogJoined(ILogger logger, string node);

    [LoggerMessage(EventId = 7302, Level = LogLevel.Information, Message = "Connected to {Gateway}, session {Session}.")]
    private static partial void LogWelcome(ILogger logger, Uri gateway, long session);

    [LoggerMessage(EventId = 7303, Level = LogLevel.Information, Message = "{Gateway} closed the connection.")]
    private static partial void LogClosed(ILogger logger, Uri gateway);

    [LoggerMessage(EventId = 7304, Level = LogLevel.Warning, Message = "No connection: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
