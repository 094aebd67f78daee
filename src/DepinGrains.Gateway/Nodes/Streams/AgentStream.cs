using System.Threading.Channels;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>This gateway's end of one stream through an agent's connection. Its place in the connection's book is free when the agent has said its last word on it.</summary>
internal abstract class AgentStream(AgentConnection connection, string id, string? workload)
{
    private int _closing;

    /// <summary>The workload; null: the node owner's own.</summary>
    public string? Workload { get; } = workload;

    protected AgentConnection Connection { get; } = connection;

    protected string Id { get; } = id;

    /// <summary>The agent sent something under this id. Null: nothing that was due; false: more than it may.</summary>
    public abstract bool? Take(AgentMessage message);

    /// <summary>The agent's last word; null: the connection ended without one.</summary>
    public abstract void End(AgentStreamClosed? word);

    /// <summary>Tells the agent that nobody is here any more. May be said again.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            Connection.Send(new GatewayStreamClose(Id));
        }
    }
}

/// <summary>Log lines of one workload.</summary>
internal sealed class AgentLogStream(AgentConnection connection, string id, string workload) : AgentStream(connection, id, workload)
{
    // Bounded by the window.
    private readonly Channel<AgentLogs> _lines = Channel.CreateUnbounded<AgentLogs>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly ReceiveWindow _window = new();

    /// <summary>What came, until the agent's last word or the connection's end.</summary>
    public async IAsyncEnumerable<AgentLogs> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var lines in _lines.Reader.ReadAllAsync(cancel))
        {
            if (_window.Read() is > 0 and var credit)
            {
                Connection.Send(new GatewayStreamCredit(Id, credit));
            }

            yield return lines;
        }
    }

    public override bool? Take(AgentMessage message) => message is AgentLogs lines ? _window.TryTake() && (_lines.Writer.TryWrite(lines) || true) : null;

    public override void End(AgentStreamClosed? word) => _lines.Writer.TryComplete();
}

/// <summary>Bytes both ways.</summary>
internal abstract class AgentByteStream : AgentStream, IFrameSender
{
    protected AgentByteStream(AgentConnection connection, string id, string? workload, long bytesMax, TimeProvider time)
        : base(connection, id, workload) => Stream = new FrameStream(this, bytesMax, time);

    public FrameStream Stream { get; }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel)
    {
        await Connection.RoomAsync(cancel);
        Connection.Send(new GatewayStreamData(Id, Convert.ToBase64String(data.Span), end));
    }

    public void Credit(int frames) => Connection.Send(new GatewayStreamCredit(Id, frames));

    public override bool? Take(AgentMessage message) => message switch
    {
        AgentStreamData data => Frames.TryDecode(data.DataBase64, out var bytes) && Stream.TryReceive(bytes, data.End),
        AgentStreamCredit credit => Stream.TryCredit(credit.Frames),
        _ => null,
    };

    public override void End(AgentStreamClosed? word) => Stream.Abort(word?.Detail ?? "the connection to the node was lost");
}

/// <summary>A stream to a port.</summary>
internal sealed class AgentTunnel : AgentByteStream
{
    private readonly string _node;

    public AgentTunnel(AgentConnection connection, string id, string? workload, long bytesMax, TimeProvider time)
        : base(connection, id, workload, bytesMax, time)
    {
        _node = connection.Node;

        // Whoever waits may have left: nobody need see the failure.
        Opened.Task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>The agent has connected the port, or says why not.</summary>
    public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Refusal NotAnswered(string node) => Refusal.Of("tunnel.not_answered", $"node {node} did not open the tunnel", ("node", node));

    public override bool? Take(AgentMessage message) => message is not AgentStreamOpened ? base.Take(message) : Opened.TrySetResult() ? true : null;

    public override void End(AgentStreamClosed? word)
    {
        Opened.TrySetException(new RefusalException(
            word is null ? NotAnswered(_node) : Refusal.Of("tunnel.refused", $"the node's agent: {word.Detail}", ("node", _node), ("reason", word.Code))));
        base.End(word);
    }
}

/// <summary>A program in a workload.</summary>
internal sealed class AgentShell(AgentConnection connection, string id, string workload, TimeProvider time) : AgentByteStream(connection, id, workload, long.MaxValue, time)
{
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The program's exit code when the agent has said its last word; null: nobody knows it.</summary>
    public Task<int?> Exit => _exit.Task;

    /// <summary>Tells the terminal its new size.</summary>
    public void Resize(int columns, int rows) => Connection.Send(new GatewayShellResize(Id, columns, rows));

    public override void End(AgentStreamClosed? word)
    {
        _exit.TrySetResult(word?.ExitCode);
        base.End(word);
    }
}
