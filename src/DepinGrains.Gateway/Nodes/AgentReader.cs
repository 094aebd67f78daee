using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>What a read brought: a message, the end, or a breach of the protocol.</summary>
internal readonly record struct AgentRead(AgentMessage? Message, string? Breach)
{
    public bool Ended => Message is null && Breach is null;
}

/// <summary>Reads whole messages of bounded size from one WebSocket, with a small buffer that grows only for large ones and shrinks again.</summary>
internal sealed class AgentReader(WebSocket socket) : IDisposable
{
    private const int SmallBytes = 1_024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(SmallBytes);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AgentRead> ReadAsync(CancellationToken cancel)
    {
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(length), cancel);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            length += received.Count;
            if (received.MessageType != WebSocketMessageType.Text)
            {
                return new AgentRead(null, "messages must be text");
            }

            if (received.EndOfMessage)
            {
                var message = HeartbeatMessages.Read(_buffer.AsSpan(0, length));
                Shrink();
                return message is null ? new AgentRead(null, "this is no message of the protocol") : new AgentRead(message, null);
            }

            if (length >= AgentProtocol.MessageBytesMax)
            {
                return new AgentRead(null, $"messages hold at most {AgentProtocol.MessageBytesMax} bytes");
            }

            if (length == _buffer.Length)
            {
                Grow(length);
            }
        }
    }

    /// <summary>Takes one piece of whatever comes and forgets it.</summary>
    public async ValueTask SkipAsync(CancellationToken cancel) => await socket.ReceiveAsync(_buffer.AsMemory(), cancel);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(length * 4, AgentProtocol.MessageBytesMax));
        _buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Shrink()
    {
        if (_buffer.Length > SmallBytes * 8)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(SmallBytes);
        }
    }
}
