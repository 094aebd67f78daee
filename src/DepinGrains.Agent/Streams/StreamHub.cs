using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Sockets;
using System.Text;
using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;

namespace DepinGrains.Agent.Streams;

/// <summary>Logs, shells and tunnels of the present connection; all end with it. Called by the connection's one reader, which never waits here.</summary>
internal sealed class StreamHub(LogReader logs, ShellHost shells, TunnelHost tunnels, AgentOptions options, TimeProvider clock) : IDisposable
{
    private const int IdMax = 128;

    /// <summary>What a shell says of a command that could not be run.</summary>
    private const int CannotRun = 126;

    private readonly ConcurrentDictionary<string, OpenStream> _streams = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();

    public void Open(GatewayLogRequest open, AgentSocket socket) =>
        Begin(Stream(open.Id, StreamKind.Logs, open.WorkloadId, long.MaxValue, socket), options.Connection.StreamsMax, int.MaxValue, s => logs.RunAsync(open, s));

    public void Open(GatewayShellOpen open, AgentSocket socket) =>
        Begin(Stream(open.Id, StreamKind.Shell, open.WorkloadId, long.MaxValue, socket), options.Connection.StreamsMax, int.MaxValue, s => shells.RunAsync(open, s));

    public void Open(GatewayTunnelOpen open, AgentSocket socket) =>
        Begin(Stream(open.Id, StreamKind.Tunnel, open.WorkloadId, options.Tunnels.BytesMax, socket), options.Tunnels.TunnelsMax, options.Tunnels.TunnelsPerWorkloadMax, s => tunnels.RunAsync(open, s));

    /// <summary>Bytes for a stream; those of one that is over are dropped. False: the gateway sent more than it may.</summary>
    public bool Data(GatewayStreamData data) => !_streams.TryGetValue(data.Id ?? "", out var stream) || (Frames.TryDecode(data.DataBase64, out var bytes) && stream.Bytes.TryReceive(bytes, data.End));

    /// <summary>The gateway has read. False: more than was sent.</summary>
    public bool Credit(GatewayStreamCredit credit) => !_streams.TryGetValue(credit.Id ?? "", out var stream) || stream.Bytes.TryCredit(credit.Frames);

    /// <summary>A shell's terminal has a new size.</summary>
    public void Resize(GatewayShellResize size)
    {
        try
        {
            if (_streams.TryGetValue(size.Id ?? "", out var stream))
            {
                stream.Terminal?.Resize(size.Columns, size.Rows);
            }
        }
        catch (ObjectDisposedException)
        {
            // The shell ended by itself in the meantime.
        }
    }

    /// <summary>The gateway is done with it.</summary>
    public void Close(GatewayStreamClose close)
    {
        if (_streams.TryGetValue(close.Id ?? "", out var stream))
        {
            stream.Bytes.Abort("the gateway closed it");
        }
    }

    /// <summary>The connection is over.</summary>
    public async Task CloseAllAsync()
    {
        await _end.CancelAsync();
        foreach (var stream in _streams.Values)
        {
            stream.Bytes.Abort("the connection to the gateway ended");
        }

        await Task.WhenAll(_streams.Values.Select(static s => s.Task));
    }

    public void Dispose() => _end.Dispose();

    private OpenStream Stream(string id, StreamKind kind, string? workload, long bytesMax, AgentSocket socket) => new(id, kind, workload, bytesMax, socket, clock, _end.Token);

    private void Begin(OpenStream stream, int max, int perWorkloadMax, Func<OpenStream, Task<StreamEnd>> run)
    {
        var alike = _streams.Values.Where(s => s.Kind == stream.Kind).ToList();
        if (stream.Id is not { Length: > 0 and <= IdMax } || !_streams.TryAdd(stream.Id, stream))
        {
            return;
        }

        var full = alike.Count >= max ? Full("this node", max, stream.Kind) : alike.Count(s => s.Workload == stream.Workload) >= perWorkloadMax ? Full("the workload", perWorkloadMax, stream.Kind) : null;
        stream.Task = RunAsync(stream, full is null ? run : _ => throw new StreamRefusedException(full));
    }

    private static Refusal Full(string whose, int max, StreamKind kind)
    {
        var (code, what) = kind switch { StreamKind.Logs => ("logs.limit", "log streams"), StreamKind.Shell => ("shell.limit", "shells"), _ => ("tunnel.limit", "tunnels") };
        return Refusal.Of(code, $"{whose} has {max} {what} open, the most its owner allows", ("max", max));
    }

    /// <summary>From its beginning to its last word, which is said whatever happens: the gateway keeps its place until then.</summary>
    private async Task RunAsync(OpenStream stream, Func<OpenStream, Task<StreamEnd>> run)
    {
        await Task.Yield();
        StreamEnd end;
        try
        {
            end = await run(stream);
        }
        catch (StreamRefusedException refused)
        {
            end = await RefusedAsync(stream, refused.Refusal);
        }
        catch (Exception problem) when (problem is OperationCanceledException || stream.Ended.IsCancellationRequested)
        {
            // Nobody is there any more, or it broke its bounds.
            end = new StreamEnd("stream.closed", "it was closed, or more went through it than may");
        }
        catch (Exception problem) when (problem is IOException or SocketException or WorkloadException or Win32Exception or ObjectDisposedException or InvalidOperationException)
        {
            end = await RefusedAsync(stream, Refusal.Of(stream.Kind == StreamKind.Tunnel ? "tunnel.broken" : "stream.broken", problem.Message));
        }

        _streams.TryRemove(stream.Id, out _);
        stream.Bytes.Abort("it is over");
        stream.Closed(end);
    }

    /// <summary>Where a person reads along, he is told in what he reads.</summary>
    private async Task<StreamEnd> RefusedAsync(OpenStream stream, Refusal why)
    {
        try
        {
            if (stream.Kind == StreamKind.Logs)
            {
                await stream.SendAsync([new LogLine(stream.Workload ?? "", -1, clock.GetUtcNow(), "agent", why.Detail)]);
            }
            else if (stream.Kind == StreamKind.Shell)
            {
                await stream.Bytes.WriteAsync(Encoding.UTF8.GetBytes(why.Detail + "\n"), stream.Ended);
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // Nobody is there to hear it.
        }

        return new StreamEnd(why.Code, why.Detail, stream.Kind == StreamKind.Shell ? CannotRun : null);
    }
}
