using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Grains.Nodes.Liveness;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Serves <c>GET /v1/agent</c>: challenge, hello, session, then messages until either side ends it. See <see cref="AgentProtocol"/>.</summary>
public sealed partial class AgentSocketHandler(
    IGrainFactory grains,
    AgentConnections connections,
    HeartbeatBatcher batcher,
    LivenessShards shards,
    IWorkloadReportSink sink,
    IOptions<AgentEndpointOptions> options,
    IOptions<LivenessOptions> liveness,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<AgentSocketHandler> log)
{
    private const int NonceBytes = 24;
    private readonly AgentEndpointOptions _options = options.Value;

    /// <summary>Handles one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains(AgentProtocol.SubProtocol))
        {
            await Problems.WriteAsync(context, Refusal.Of("agent.upgrade_invalid", $"This address takes a WebSocket with the sub-protocol {AgentProtocol.SubProtocol}."));
            return;
        }

        if (!connections.TryEnter(_options.ConnectionsMax))
        {
            Problems.RetryAfter(context, TimeSpan.FromSeconds(5));
            await Problems.WriteAsync(context, Refusal.Of("agent.gateway_overloaded", $"This gateway holds {_options.ConnectionsMax} connections; try another.", ("max", _options.ConnectionsMax)));
            return;
        }

        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(AgentProtocol.SubProtocol);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            await ServeAsync(socket, end);
        }
        finally
        {
            connections.Leave();
        }
    }

    private async Task ServeAsync(WebSocket socket, CancellationTokenSource end)
    {
        var sender = new AgentSender(socket, _options.SendQueueMax, _options.SendTimeout, time, end);
        using var reader = new AgentReader(socket);
        GatewayRefusal? goodbye = null;
        try
        {
            var entered = await EnterAsync(socket, reader, sender, end);
            if (entered.Connection is { } connection)
            {
                try
                {
                    using var stopping = lifetime.ApplicationStopping.Register(() => connection.Refuse("gateway.stopping", "this gateway stops; connect to another", final: false));
                    goodbye = await RunAsync(connection, reader);
                }
                finally
                {
                    connections.Remove(connection);
                    connection.CloseStreams();
                }
            }
            else
            {
                goodbye = entered.Refused;
            }
        }
        catch (OperationCanceledException)
        {
            // The agent left, fell silent, or the host stops: the ordinary ends of a connection.
        }
        catch (WebSocketException)
        {
            // The line broke; the agent comes back, or the liveness shard notices.
        }
        catch (Exception problem)
        {
            LogBroken(problem);
        }

        await CloseAsync(socket, reader, sender, goodbye);
    }

    /// <summary>Challenge and hello; the connection, or why not.</summary>
    private async Task<(AgentConnection? Connection, GatewayRefusal? Refused)> EnterAsync(WebSocket socket, AgentReader reader, AgentSender sender, CancellationTokenSource end)
    {
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NonceBytes));
        sender.TryPost(HeartbeatMessages.Write(new GatewayChallenge(nonce)));
        AgentRead first;
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(end.Token, lifetime.ApplicationStopping))
        {
            limit.CancelAfter(_options.HandshakeTimeout);
            first = await reader.ReadAsync(limit.Token);
        }

        if (first.Message is not AgentHello hello)
        {
            return (null, new GatewayRefusal("agent.protocol", first.Breach ?? "the first message must be hello", Final: false));
        }

        if (!NodeIds.IsNode(hello.Node))
        {
            return (null, new GatewayRefusal("node.not_found", "there is no such node", Final: true));
        }

        var node = grains.GetGrain<INodeGrain>(hello.Node);
        var view = await node.GetAsync();
        if (!view.IsOk)
        {
            return (null, Refused(view.Refusal));
        }

        if (AgentHelloVerification.Check(hello, view.Value.PublicKey, nonce, time.GetUtcNow()) is { } unverified)
        {
            LogUnverified(hello.Node, unverified.Code);
            return (null, new GatewayRefusal(unverified.Code, unverified.Detail, Final: false));
        }

        var session = await node.ConnectAsync(hello.Boot ?? "", hello.Hardware);
        if (!session.IsOk)
        {
            return (null, Refused(session.Refusal));
        }

        await shards.Of(hello.Node).ConnectedAsync(session.Value.Node, session.Value.Session, session.Value.Generation);
        var interval = (int)liveness.Value.IntervalMin.TotalMilliseconds;
        var connection = new AgentConnection(session.Value, shards.IndexOf(session.Value.Node), interval, socket, sender, _options, time, end);
        connection.Heard(time.GetTimestamp());

        // Welcome first: once it is registered, hints may send to it.
        connection.Send(new AgentWelcome(session.Value.Session, interval, session.Value.Generation));
        if (!connections.TryAdd(connection))
        {
            return (null, new GatewayRefusal("node.session_replaced", "a newer session of the same node key is connected", Final: true));
        }

        LogConnected(connection.Node, connection.Session);
        return (connection, null);
    }

    /// <summary>Reads until the connection ends; a refusal when the agent broke the protocol.</summary>
    private async Task<GatewayRefusal?> RunAsync(AgentConnection connection, AgentReader reader)
    {
        await using var work = new AgentWork(connection, grains, sink, _options, log);
        var budget = new MessageBudget(_options.MessagesPerSecond, _options.MessageBurst, time);
        while (true)
        {
            var read = await reader.ReadAsync(connection.Ended);
            connection.Heard(time.GetTimestamp());
            if (read.Ended)
            {
                return null;
            }

            if (connection.Goodbye is not null)
            {
                // Only its answer to the close is waited for.
                continue;
            }

            if (read.Breach is { } breach)
            {
                return new GatewayRefusal("agent.protocol", breach, Final: false);
            }

            if (read.Message is { } said && connection.Route(said) is { } kept)
            {
                if (!kept)
                {
                    return new GatewayRefusal("agent.stream_window", $"more than {AgentProtocol.StreamWindow} frames, or one of more than {AgentProtocol.StreamFrameBytesMax} bytes, in one stream without credit", Final: false);
                }

                continue;
            }

            if (!budget.Take())
            {
                return new GatewayRefusal("agent.rate_limited", $"more than {_options.MessagesPerSecond} messages per second", Final: false);
            }

            switch (read.Message)
            {
                case AgentHeartbeat beat when beat.Session == connection.Session:
                    batcher.Beat(connection, beat.Sequence, beat.AppliedGeneration);
                    break;
                case AgentPull pull when pull.Session == connection.Session:
                    await work.AddAsync(pull);
                    break;
                case AgentReport report when report.Session == connection.Session:
                    await work.AddAsync(report);
                    break;
                case AgentBenchmarkReady or AgentBenchmarkAnswer or AgentBenchmarkDeclined:
                    // Whatever session it names: the node refuses older ones with the numbers.
                    await work.AddAsync(read.Message);
                    break;
                case AgentHello:
                    return new GatewayRefusal("agent.protocol", "hello comes once", Final: false);
                default:
                    // Of an older session: fenced.
                    break;
            }
        }
    }

    private async Task CloseAsync(WebSocket socket, AgentReader reader, AgentSender sender, GatewayRefusal? goodbye)
    {
        try
        {
            if (goodbye is not null)
            {
                sender.TryPost(HeartbeatMessages.Write(goodbye));
            }

            await sender.DrainAsync(_options.HandshakeTimeout);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var limit = new CancellationTokenSource(_options.HandshakeTimeout);
                await socket.CloseOutputAsync(goodbye is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.PolicyViolation, goodbye?.Code, limit.Token);
            }

            // What the agent still sends is taken until it closes: bytes left unread would reset the line under the refusal.
            using var patience = new CancellationTokenSource(_options.CloseTimeout);
            while (socket.State == WebSocketState.CloseSent)
            {
                await reader.SkipAsync(patience.Token);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            // There is nobody left to say goodbye to.
        }
    }

    /// <summary>Only what no waiting can mend is final.</summary>
    private static GatewayRefusal Refused(Refusal refusal) => new(refusal.Code, refusal.Detail, refusal.Code is "node.retired" or "node.not_found");

    [LoggerMessage(3330, LogLevel.Information, "Agent of node {Node} connected as session {Session}")]
    private partial void LogConnected(string node, long session);

    [LoggerMessage(3331, LogLevel.Warning, "An agent that calls itself {Node} was turned away: {Code}")]
    private partial void LogUnverified(string node, string code);

    [LoggerMessage(3332, LogLevel.Warning, "A connection of an agent broke")]
    private partial void LogBroken(Exception problem);
}
