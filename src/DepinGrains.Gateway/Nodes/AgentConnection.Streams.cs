using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes.Streams;

namespace DepinGrains.Gateway.Nodes;

/// <content>Logs, shells and tunnels: each has an id of this connection's making and its own window, so that what it sends needs no place in the connection's budget of messages.</content>
public sealed partial class AgentConnection
{
    private readonly ConcurrentDictionary<string, AgentStream> _streams = new(StringComparer.Ordinal);
    private long _lastStream;

    /// <summary>Tunnels open now, those not answered yet included.</summary>
    public int Tunnels => Count<AgentTunnel>();

    /// <summary>Log lines of a workload; refused when the connection has all the streams it may have.</summary>
    internal Result<AgentLogStream> OpenLogs(string workload, long fromOffset, int tail, bool follow) =>
        Open(workload, id => new AgentLogStream(this, id, workload), id => new GatewayLogRequest(id, workload, fromOffset, tail, follow));

    /// <summary>A program in a workload; refused when the connection has all the streams it may have.</summary>
    internal Result<AgentShell> OpenShell(string workload, ImmutableArray<string> command, int columns, int rows) =>
        Open(workload, id => new AgentShell(this, id, workload, _time), id => new GatewayShellOpen(id, workload, command, columns, rows));

    /// <summary>
    /// A stream to a port of a workload that runs on the node (<paramref name="workload"/> null: one its owner switched on). Throws <see cref="RefusalException"/> with the agent's reason, or when all tunnels are taken.
    /// </summary>
    public async Task<Stream> OpenTunnelAsync(string? workload, int port, CancellationToken cancel)
    {
        var why = Tunnels >= _options.TunnelsMax ? TunnelsInUse("node", _options.TunnelsMax)
            : Count<AgentTunnel>(workload) >= _options.TunnelsPerWorkloadMax ? TunnelsInUse("workload", _options.TunnelsPerWorkloadMax)
            : null;
        if (why is not null)
        {
            throw new RefusalException(why);
        }

        var tunnel = Begin(id => new AgentTunnel(this, id, workload, _options.TunnelBytesMax, _time), id => new GatewayTunnelOpen(id, workload, port));
        try
        {
            await tunnel.Opened.Task.WaitAsync(_options.TunnelOpenTimeout, _time, cancel);
            return tunnel.Stream;
        }
        catch (Exception problem)
        {
            await tunnel.Stream.DisposeAsync();
            throw problem is TimeoutException or OperationCanceledException && !cancel.IsCancellationRequested ? new RefusalException(AgentTunnel.NotAnswered(Node)) : problem;
        }
    }

    /// <summary>
    /// What the agent says of its streams: null when it belongs to none or was not due, and counts as any message; else whether it kept to the window. What opening asks for, one word on each stream, costs no place
    /// in the budget: whoever asks for much would else use up that of everybody on the node.
    /// </summary>
    internal bool? Route(AgentMessage message)
    {
        var id = message switch
        {
            AgentLogs l => l.Id,
            AgentStreamData d => d.Id,
            AgentStreamCredit c => c.Id,
            AgentStreamOpened o => o.Id,
            AgentStreamClosed c => c.Id,
            _ => null,
        };
        if (id is null || !_streams.TryGetValue(id, out var stream))
        {
            return null;
        }

        if (message is not AgentStreamClosed closed)
        {
            return stream.Take(message);
        }

        _streams.TryRemove(id, out _);
        stream.End(closed with
        {
            Code = closed.Code is { Length: > 0 and <= 64 } code ? code : "stream.ended",
            Detail = closed.Detail is { Length: > 0 and <= 512 } detail ? detail : "no reason given",
        });
        return true;
    }

    /// <summary>Completes when few messages wait to leave, or none will any more: frames of streams never stand before many of what the node itself must hear.</summary>
    internal Task RoomAsync(CancellationToken cancel) => _sender.RoomAsync(cancel);

    /// <summary>Ends all streams; the connection is over.</summary>
    internal void CloseStreams()
    {
        // Out of the book first: who sees one of them end may count the others.
        foreach (var stream in _streams.Keys.Select(id => _streams.TryRemove(id, out var one) ? one : null).OfType<AgentStream>().ToArray())
        {
            stream.End(null);
        }
    }

    private void LookAtTunnels()
    {
        foreach (var tunnel in _streams.Values.OfType<AgentTunnel>().Where(t => t.Stream.IsIdle(_options.TunnelIdleTimeout)))
        {
            tunnel.Stream.Dispose();
        }
    }

    private Result<T> Open<T>(string workload, Func<string, T> stream, Func<string, GatewayMessage> open)
        where T : AgentStream
    {
        var (all, here) = (_streams.Count - Tunnels, Count<AgentLogStream>(workload) + Count<AgentShell>(workload));
        return all >= _options.StreamsMax
            ? Refusal.Of("agent.streams_in_use", $"{all} log and shell streams of this node are open, the most allowed", ("max", _options.StreamsMax))

            // One tenant's readers must not keep the node's other tenants from theirs.
            : here >= _options.StreamsPerWorkloadMax
            ? Refusal.Of("agent.workload_streams_in_use", $"{_options.StreamsPerWorkloadMax} log and shell streams of this workload are open, the most allowed", ("workload", workload), ("max", _options.StreamsPerWorkloadMax))
            : Begin(stream, open);
    }

    private T Begin<T>(Func<string, T> make, Func<string, GatewayMessage> open)
        where T : AgentStream
    {
        var id = Interlocked.Increment(ref _lastStream).ToString(CultureInfo.InvariantCulture);
        var stream = make(id);
        _streams[id] = stream;
        Send(open(id));

        // After it stands in the book: who ends the connection ends what stands there.
        if (Ended.IsCancellationRequested)
        {
            CloseStreams();
        }

        return stream;
    }

    private int Count<T>() => _streams.Values.Count(static s => s is T);

    private int Count<T>(string? workload) => _streams.Values.Count(s => s is T && s.Workload == workload);

    private Refusal TunnelsInUse(string whose, int max) => Refusal.Of("tunnel.in_use", $"{max} tunnels to this {whose} are open, the most allowed", ("node", Node), ("max", max));
}
