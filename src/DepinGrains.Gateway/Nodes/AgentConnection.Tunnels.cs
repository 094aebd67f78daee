using System.Collections.Concurrent;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Tunnels;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Nodes;

/// <content>Tunnels to ports behind the agent. Each is bounded by its own window, so that frames need no place in the connection's budget of messages.</content>
public sealed partial class AgentConnection
{
    private readonly ConcurrentDictionary<string, Tunnel> _tunnels = new(StringComparer.Ordinal);

    /// <summary>Tunnels open now, those not answered yet included.</summary>
    public int Tunnels => _tunnels.Count;

    /// <summary>
    /// A stream to a port of a workload that runs on the node (<paramref name="workload"/> null: one its owner switched on). Throws <see cref="RefusalException"/> with the agent's reason, or when all tunnels are taken.
    /// </summary>
    public async Task<Stream> OpenTunnelAsync(string? workload, int port, CancellationToken cancel)
    {
        var why = _tunnels.Count >= _options.TunnelsMax ? Full("node", _options.TunnelsMax)
            : _tunnels.Values.Count(t => t.Workload == workload) >= _options.TunnelsPerWorkloadMax ? Full("workload", _options.TunnelsPerWorkloadMax)
            : null;
        if (why is not null)
        {
            throw new RefusalException(why);
        }

        var id = "t" + Interlocked.Increment(ref _lastStream).ToString(CultureInfo.InvariantCulture);
        var tunnel = new Tunnel(this, id, workload);
        _tunnels[id] = tunnel;
        try
        {
            // After it stands in the book: who ends the connection ends what stands there.
            Ended.ThrowIfCancellationRequested();
            Send(new GatewayTunnelOpen(id, workload, port));
            await tunnel.Opened.Task.WaitAsync(_options.TunnelOpenTimeout, _time, cancel);
            return tunnel.Stream;
        }
        catch (Exception problem)
        {
            await tunnel.Stream.DisposeAsync();
            throw problem is TimeoutException or OperationCanceledException && !cancel.IsCancellationRequested ? new RefusalException(NotAnswered()) : problem;
        }
    }

    /// <summary>
    /// What the agent says of its tunnels: null when it belongs to none or was not due, and counts as any message; else whether it kept to the window. What opening asks for, one word on each tunnel, costs no place
    /// in the budget: whoever asks miners for much would else use up that of everybody on the node.
    /// </summary>
    internal bool? RouteTunnel(AgentMessage message)
    {
        var id = message switch { AgentTunnelData d => d.Id, AgentTunnelCredit c => c.Id, AgentTunnelOpened o => o.Id, AgentTunnelClosed c => c.Id, _ => null };
        if (id is null || !_tunnels.TryGetValue(id, out var tunnel))
        {
            return null;
        }

        switch (message)
        {
            case AgentTunnelData data:
                return TunnelFrames.TryDecode(data.DataBase64, out var bytes) && tunnel.Stream.TryReceive(bytes, data.End);
            case AgentTunnelCredit credit:
                return tunnel.Stream.TryCredit(credit.Frames);
            case AgentTunnelClosed closed:
                var detail = closed.Detail is { Length: > 0 and <= 512 } ? closed.Detail : "no reason given";
                tunnel.Opened.TrySetException(new RefusalException(Refusal.Of("tunnel.refused", $"the node's agent: {detail}", ("node", Node), ("reason", closed.Code is { Length: <= 64 } ? closed.Code : ""))));
                tunnel.End(detail);
                return true;
            default:
                return tunnel.Opened.TrySetResult() ? true : null;
        }
    }

    private void LookAtTunnels()
    {
        foreach (var tunnel in _tunnels.Values.Where(t => t.Stream.IsIdle(_options.TunnelIdleTimeout)))
        {
            tunnel.Stream.Dispose();
        }
    }

    private void CloseTunnels()
    {
        foreach (var tunnel in _tunnels.Values)
        {
            tunnel.Opened.TrySetException(new RefusalException(NotAnswered()));
            tunnel.End("the connection to the node was lost");
        }
    }

    private Refusal Full(string whose, int max) => Refusal.Of("tunnel.in_use", $"{max} tunnels to this {whose} are open, the most allowed", ("node", Node), ("max", max));

    private Refusal NotAnswered() => Refusal.Of("tunnel.not_answered", $"node {Node} did not open the tunnel", ("node", Node));

    /// <summary>One tunnel; says to the agent what its stream has to say.</summary>
    private sealed class Tunnel : ITunnelSender
    {
        private readonly AgentConnection _connection;
        private readonly string _id;
        private int _closing;

        public Tunnel(AgentConnection connection, string id, string? workload)
        {
            (_connection, _id, Workload) = (connection, id, workload);
            Stream = new TunnelStream(this, connection._options.TunnelBytesMax, connection._time);

            // Whoever waits may have left: nobody need see the failure.
            Opened.Task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        public string? Workload { get; }

        public TunnelStream Stream { get; }

        public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel)
        {
            _connection.Send(new GatewayTunnelData(_id, Convert.ToBase64String(data.Span), end));
            return ValueTask.CompletedTask;
        }

        public void Credit(int frames) => _connection.Send(new GatewayTunnelCredit(_id, frames));

        /// <summary>It leaves the book with the agent's answer: until then frames are on their way in both directions, and it counts as a tunnel.</summary>
        public void Close()
        {
            if (Interlocked.Exchange(ref _closing, 1) == 0)
            {
                _connection.Send(new GatewayTunnelClose(_id));
            }
        }

        /// <summary>Over, by the agent's word or the connection's end.</summary>
        public void End(string reason)
        {
            _connection._tunnels.TryRemove(_id, out _);
            Stream.Abort(reason);
        }
    }
}
