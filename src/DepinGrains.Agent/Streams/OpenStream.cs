using DepinGrains.Agent.Common;
using DepinGrains.Agent.Connection;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;

namespace DepinGrains.Agent.Streams;

internal enum StreamKind
{
    Logs,
    Shell,
    Tunnel,
}

/// <summary>How a stream ended, as its last word says it.</summary>
internal sealed record StreamEnd(string Code, string Detail, int? ExitCode = null);

/// <summary>This agent does not do what a stream was opened for, or cannot go on; the gateway is told why.</summary>
internal sealed class StreamRefusedException(Refusal refusal) : Exception(refusal.ToString())
{
    public Refusal Refusal { get; } = refusal;
}

/// <summary>The agent's end of one stream.</summary>
internal sealed class OpenStream : IFrameSender
{
    private readonly AgentSocket _socket;
    private readonly CancellationToken _connection;

    /// <param name="id">Of the gateway's making.</param>
    /// <param name="kind">What it is for.</param>
    /// <param name="workload">The workload; null: the node owner's own.</param>
    /// <param name="bytesMax">Most bytes of both ways together.</param>
    /// <param name="socket">The connection.</param>
    /// <param name="clock">For idle times.</param>
    /// <param name="connection">Cancelled when the connection is over.</param>
    public OpenStream(string id, StreamKind kind, string? workload, long bytesMax, AgentSocket socket, TimeProvider clock, CancellationToken connection)
    {
        (Id, Kind, Workload, _socket, _connection) = (id, kind, workload, socket, connection);
        Bytes = new FrameStream(this, bytesMax, clock);
    }

    public string Id { get; }

    public StreamKind Kind { get; }

    public string? Workload { get; }

    /// <summary>A shell's input and output, a tunnel's both ways; of logs only its window.</summary>
    public FrameStream Bytes { get; }

    /// <summary>Cancelled when the gateway or the connection is gone, or it broke its bounds.</summary>
    public CancellationToken Ended => Bytes.Ended;

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>The terminal a shell runs on; null before, after, and on pipes.</summary>
    public Terminal? Terminal { get; set; }

    public ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel) => _socket.SendAsync(new AgentStreamData(Id, Convert.ToBase64String(data.Span), end), cancel);

    /// <summary>Sends lines when the gateway has given credit for them.</summary>
    public async ValueTask SendAsync(IEnumerable<LogLine> lines)
    {
        await Bytes.CreditAsync(Ended);
        await _socket.SendAsync(new AgentLogs(Id, [.. lines]), Ended);
    }

    public ValueTask OpenedAsync() => _socket.SendAsync(new AgentStreamOpened(Id), Ended);

    public void Credit(int frames) => Post(new AgentStreamCredit(Id, frames));

    /// <summary>Its bounds were broken; the last word follows when what it was for has ended.</summary>
    public void Close()
    {
    }

    public void Closed(StreamEnd end) => Post(new AgentStreamClosed(Id, end.Code, end.Detail, end.ExitCode));

    /// <summary>Credits and last words may not wait for room in the queue: what has none goes on its own.</summary>
    private void Post(AgentMessage message) => _ = _socket.SendAsync(message, _connection).AsTask().ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
