using System.Net.WebSockets;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>One agent that was let in, for as long as its WebSocket lives. Safe for concurrent use.</summary>
public sealed partial class AgentConnection
{
    private readonly WebSocket _socket;
    private readonly AgentSender _sender;
    private readonly AgentEndpointOptions _options;
    private readonly CancellationTokenSource _end;
    private long _generation;
    private int _intervalMs;
    private long _acknowledged;
    private long _heard;
    private GatewayRefusal? _goodbye;

    internal AgentConnection(NodeSession session, int shard, int intervalMs, WebSocket socket, AgentSender sender, AgentEndpointOptions options, CancellationTokenSource end)
    {
        (Node, Session, Provider, Shard) = (session.Node, session.Session, session.Provider, shard);
        (_generation, _intervalMs) = (session.Generation, intervalMs);
        (_socket, _sender, _options, _end) = (socket, sender, options, end);
    }

    /// <summary>The node.</summary>
    public string Node { get; }

    /// <summary>Its session number.</summary>
    public long Session { get; }

    /// <summary>Its provider.</summary>
    public string Provider { get; }

    /// <summary>Number of the node's liveness shard.</summary>
    internal int Shard { get; }

    /// <summary>Interval the agent was last asked to beat at.</summary>
    public TimeSpan Interval => TimeSpan.FromMilliseconds(Volatile.Read(ref _intervalMs));

    /// <summary>Cancelled when the connection ends.</summary>
    internal CancellationToken Ended => _end.Token;

    /// <summary>Why it ends, if the gateway ended it.</summary>
    internal GatewayRefusal? Goodbye => Volatile.Read(ref _goodbye);

    /// <summary>Something came from the agent.</summary>
    internal void Heard(long now) => Volatile.Write(ref _heard, now);

    /// <summary>Ends the connection when its agent was silent, or did not take a message, for longer than it may.</summary>
    internal void Look(long now, TimeProvider time)
    {
        if (_sender.IsStuck(now))
        {
            _sender.Abort();
            End();
        }
        else if (time.GetElapsedTime(Volatile.Read(ref _heard), now) > _options.IdleTimeout + (4 * Interval))
        {
            End();
        }
    }

    /// <summary>Answers a heartbeat.</summary>
    internal void Acknowledge(long sequence, BeatAnswer answer)
    {
        Volatile.Write(ref _intervalMs, answer.IntervalMs);
        Volatile.Write(ref _acknowledged, sequence);
        Send(HeartbeatMessages.Ack(sequence, Raise(answer.Generation), answer.IntervalMs));
    }

    /// <summary>Tells the agent at once that its desired state changed, as an acknowledgement nobody waited for.</summary>
    internal void Announce(long generation)
    {
        if (generation > Volatile.Read(ref _generation))
        {
            Send(HeartbeatMessages.Ack(Volatile.Read(ref _acknowledged), Raise(generation), Volatile.Read(ref _intervalMs)));
        }
    }

    /// <summary>Sends a message; closes the connection when too many wait.</summary>
    internal void Send(GatewayMessage message) => Send(HeartbeatMessages.Write(message));

    /// <summary>Ends the connection with a refusal as its last message; only the first counts. Returns at once; never runs anything on the caller's scheduler, which may be a grain's.</summary>
    internal void Refuse(string code, string detail, bool final)
    {
        if (Interlocked.CompareExchange(ref _goodbye, new GatewayRefusal(code, detail, final), null) is null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static connection => _ = connection.SayGoodbyeAsync(), this, preferLocal: false);
        }
    }

    /// <summary>
    /// The refusal, the close frame, and some time for the agent to answer it: cancelling the reader at once would tear the socket down before the agent could read why.
    /// </summary>
    private async Task SayGoodbyeAsync()
    {
        try
        {
            _sender.TryPost(HeartbeatMessages.Write(_goodbye!));
            await _sender.DrainAsync(_options.HandshakeTimeout);
            using var limit = new CancellationTokenSource(_options.HandshakeTimeout);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, _goodbye!.Code, limit.Token);
            _end.CancelAfter(_options.CloseTimeout);
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or InvalidOperationException)
        {
            End();
        }
    }

    private void End()
    {
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Its reader has ended already.
        }
    }

    /// <summary>The same for a message already written.</summary>
    internal void Send(byte[] message)
    {
        if (!_sender.TryPost(message))
        {
            Refuse("agent.too_slow", $"more than {_options.SendQueueMax} messages wait for this agent", final: false);
        }
    }

    /// <summary>Generations only grow: an answer that was overtaken must not make the agent pull what it has.</summary>
    private long Raise(long generation)
    {
        long known;
        do
        {
            known = Volatile.Read(ref _generation);
        }
        while (generation > known && Interlocked.CompareExchange(ref _generation, generation, known) != known);
        return Math.Max(known, generation);
    }
}
