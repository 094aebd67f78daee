using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Connection;

/// <summary>One WebSocket: whole JSON messages in and out, bounded in size and number. One loop writes, so messages never mix.</summary>
internal sealed class AgentSocket(WebSocket socket, ConnectionOptions options, TimeProvider clock) : IDisposable
{
    private readonly Channel<AgentMessage> _out = Channel.CreateBounded<AgentMessage>(new BoundedChannelOptions(64) { SingleReader = true });
    private readonly Channel<AgentMessage> _first = Channel.CreateBounded<AgentMessage>(new BoundedChannelOptions(8) { SingleReader = true });

    /// <summary>Queues a message; waits while the queue is full (a slow gateway slows log streams down, it does not fill memory).</summary>
    /// <remarks>Heartbeats go before all that waits: a line full of log lines and tunnels' bytes must not make a node look dead.</remarks>
    public ValueTask SendAsync(AgentMessage message, CancellationToken cancellationToken) => (message is AgentHeartbeat ? _first : _out).Writer.WriteAsync(message, cancellationToken);

    /// <summary>Sends what is queued until cancelled or the socket breaks.</summary>
    public async Task WriteLoopAsync(CancellationToken cancellationToken)
    {
        Task<bool>? first = null, other = null;
        while (true)
        {
            while (_first.Reader.TryRead(out var message) || _out.Reader.TryRead(out message))
            {
                await WriteAsync(message, cancellationToken);
            }

            first = first is { IsCompleted: false } ? first : _first.Reader.WaitToReadAsync(cancellationToken).AsTask();
            other = other is { IsCompleted: false } ? other : _out.Reader.WaitToReadAsync(cancellationToken).AsTask();
            await await Task.WhenAny(first, other);
        }
    }

    /// <summary>Sends one message now. Only before <see cref="WriteLoopAsync"/> runs.</summary>
    public async Task WriteAsync(AgentMessage message, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options);
        if (bytes.Length > AgentProtocol.MessageBytesMax)
        {
            throw new ProtocolException($"a message of {bytes.Length} bytes is larger than the protocol allows");
        }

        using var timer = new CancellationTokenSource(options.SendTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await socket.SendAsync(bytes, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProtocolException("the gateway takes nothing");
        }
    }

    /// <summary>The next message; null when the gateway closed.</summary>
    /// <exception cref="ProtocolException">Too large, not text, not a message.</exception>
    public async Task<GatewayMessage?> ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(8_192);
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.GetMemory(8_192), cancellationToken);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            buffer.Advance(result.Count);
            if (result.MessageType != WebSocketMessageType.Text || buffer.WrittenCount > AgentProtocol.MessageBytesMax)
            {
                throw new ProtocolException("the gateway sent something that is no message, or one too large");
            }

            if (result.EndOfMessage)
            {
                return Parse(buffer.WrittenSpan);
            }
        }
    }

    /// <summary>Says goodbye, for a moment at most.</summary>
    public async Task CloseAsync()
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1), clock);
            try
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", timer.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // It is broken already; nothing to say goodbye to.
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private static GatewayMessage Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<GatewayMessage>(bytes, AgentProtocolJson.Options) ?? throw new ProtocolException("the gateway sent null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new ProtocolException("the gateway sent a message this agent does not know: " + e.Message);
        }
    }
}

/// <summary>The other end does not keep to the protocol, or is silent; the connection is given up and made anew.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
