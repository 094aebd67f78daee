using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <content>Log and shell streams: each has an id of this connection's making; what the agent sends under an unknown id is dropped.</content>
public sealed partial class AgentConnection
{
    private readonly ConcurrentDictionary<string, AgentStream> _streams = new(StringComparer.Ordinal);
    private long _lastStream;

    /// <summary>Opens a stream; refused when the connection has all it may have.</summary>
    internal Result<AgentStream> Open(string workload)
    {
        if (_streams.Count >= _options.StreamsMax)
        {
            return Refusal.Of("agent.streams_in_use", $"{_streams.Count} log and shell streams of this node are open, the most allowed", ("max", _options.StreamsMax));
        }

        var id = Interlocked.Increment(ref _lastStream).ToString(CultureInfo.InvariantCulture);
        var stream = new AgentStream(this, id, workload, Channel.CreateBounded<AgentMessage>(new BoundedChannelOptions(_options.StreamQueueMax) { SingleReader = true }));
        _streams[id] = stream;
        if (Ended.IsCancellationRequested)
        {
            Close(stream);
        }

        return stream;
    }

    /// <summary>Ends a stream on this side; false when the agent had ended it, or it was closed before.</summary>
    internal bool Close(AgentStream stream)
    {
        stream.Queue.Writer.TryComplete();
        return _streams.TryRemove(stream.Id, out _);
    }

    /// <summary>Sends a message of a stream. Where too many wait it is the stream that ends, not the connection.</summary>
    internal void Send(AgentStream stream, GatewayMessage message)
    {
        if (!_sender.TryPost(HeartbeatMessages.Write(message), ofStream: true))
        {
            stream.Overflowed = true;
            Close(stream);
        }
    }

    /// <summary>Completes when a stream may send more.</summary>
    internal Task RoomAsync(CancellationToken cancel) => _sender.RoomAsync(cancel);

    /// <summary>Hands what the agent sent to its stream. A reader that is too slow loses its stream: the connection never waits for it.</summary>
    internal void Route(string? id, AgentMessage message, bool last)
    {
        if (id is null || !_streams.TryGetValue(id, out var stream))
        {
            return;
        }

        if (!stream.Queue.Writer.TryWrite(message))
        {
            stream.Overflowed = true;
            last = true;
        }

        if (last)
        {
            Close(stream);
        }
    }

    /// <summary>Ends all streams; the connection is over.</summary>
    internal void CloseStreams()
    {
        foreach (var stream in _streams.Values)
        {
            Close(stream);
        }
    }
}

/// <summary>One log or shell stream of a connection.</summary>
internal sealed class AgentStream(AgentConnection connection, string id, string workload, Channel<AgentMessage> queue)
{
    public AgentConnection Connection { get; } = connection;

    public string Id { get; } = id;

    public string Workload { get; } = workload;

    public Channel<AgentMessage> Queue { get; } = queue;

    /// <summary>It ended because its reader, or the agent, was too slow.</summary>
    public bool Overflowed { get; set; }
}
