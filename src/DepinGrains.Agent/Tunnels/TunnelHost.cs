using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Tunnels;

namespace DepinGrains.Agent.Tunnels;

/// <summary>The tunnels of one connection; all end with it. Called by the connection's one reader, which never waits here.</summary>
internal sealed class TunnelHost(TunnelTargets targets, TunnelOptions options, TimeProvider clock) : IDisposable
{
    private const int IdMax = 128;
    private readonly ConcurrentDictionary<string, Tunnel> _tunnels = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();

    /// <summary>Opens, or says why not.</summary>
    public void Open(GatewayTunnelOpen open, AgentSocket socket)
    {
        if (open.Id is not { Length: > 0 and <= IdMax } || _tunnels.ContainsKey(open.Id))
        {
            return;
        }

        var why = _tunnels.Count >= options.TunnelsMax ? Full("the node", options.TunnelsMax)
            : _tunnels.Values.Count(t => t.Workload == open.WorkloadId) >= options.TunnelsPerWorkloadMax ? Full("the workload", options.TunnelsPerWorkloadMax)
            : null;
        var target = why ?? targets.Find(open);
        var sender = new Sender(open.Id, socket, _end.Token);
        if (!target.IsOk)
        {
            sender.Refuse(target.Refusal);
            return;
        }

        var tunnel = new Tunnel(open.WorkloadId, new TunnelStream(sender, options.BytesMax, clock));
        _tunnels[open.Id] = tunnel;
        tunnel.Task = RunAsync(open.Id, target.Value, tunnel, sender);
    }

    /// <summary>Bytes for a port; those of a tunnel that is over are dropped. False: the gateway sent more than it may.</summary>
    public bool Data(GatewayTunnelData data) => !_tunnels.TryGetValue(data.Id ?? "", out var tunnel) || (TunnelFrames.TryDecode(data.DataBase64, out var bytes) && tunnel.Stream.TryReceive(bytes, data.End));

    /// <summary>The gateway has read. False: more than was sent.</summary>
    public bool Credit(GatewayTunnelCredit credit) => !_tunnels.TryGetValue(credit.Id ?? "", out var tunnel) || tunnel.Stream.TryCredit(credit.Frames);

    /// <summary>The gateway is done with it.</summary>
    public void Close(GatewayTunnelClose close)
    {
        if (_tunnels.TryGetValue(close.Id ?? "", out var tunnel))
        {
            tunnel.Stream.Abort("the gateway closed the tunnel");
        }
    }

    /// <summary>The connection is over.</summary>
    public async Task CloseAllAsync()
    {
        await _end.CancelAsync();
        foreach (var tunnel in _tunnels.Values)
        {
            tunnel.Stream.Abort("the connection to the gateway ended");
        }

        await Task.WhenAll(_tunnels.Values.Select(static t => t.Task));
    }

    public void Dispose() => _end.Dispose();

    private async Task RunAsync(string id, IPEndPoint target, Tunnel tunnel, Sender sender)
    {
        await Task.Yield();
        Refusal? why = null;
        try
        {
            using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(tunnel.Stream.Ended))
            {
                using var late = new CancellationTokenSource(options.ConnectTimeout, clock);
                using var late2 = late.Token.Register(limit.Cancel);
                await socket.ConnectAsync(target, limit.Token);
            }

            await sender.OpenedAsync(tunnel.Stream.Ended);
            await PumpAsync(new NetworkStream(socket), tunnel.Stream);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            why = Refusal.Of("tunnel.broken", e is OperationCanceledException ? "the port did not answer in time, or the tunnel was closed" : e.Message);
        }
        finally
        {
            _tunnels.TryRemove(id, out _);
            tunnel.Stream.Abort("the tunnel is over");
            sender.Refuse(why ?? Refusal.Of("tunnel.ended", "the port's side is done"));
        }
    }

    /// <summary>Both ways until both are done, one breaks, or nothing goes through any more.</summary>
    private async Task PumpAsync(NetworkStream port, TunnelStream tunnel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(tunnel.Ended);
        async Task OutAsync()
        {
            await port.CopyToAsync(tunnel, AgentProtocol.TunnelFrameBytesMax, end.Token);
            await tunnel.CompleteAsync(end.Token);
        }

        async Task InAsync()
        {
            await tunnel.CopyToAsync(port, AgentProtocol.TunnelFrameBytesMax, end.Token);
            port.Socket.Shutdown(SocketShutdown.Send);
        }

        var (outward, inward, idle) = (OutAsync(), InAsync(), IdleAsync(tunnel, end.Token));
        try
        {
            var first = await Task.WhenAny(outward, inward, idle);
            await first;
            if (first != idle)
            {
                await await Task.WhenAny(first == outward ? inward : outward, idle);
            }
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(outward, inward, idle).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task IdleAsync(TunnelStream tunnel, CancellationToken cancellationToken)
    {
        while (!tunnel.IsIdle(options.IdleTimeout))
        {
            await Task.Delay(options.IdleTimeout / 4, clock, cancellationToken);
        }

        throw new IOException($"nothing went through the tunnel for {options.IdleTimeout}");
    }

    private static Refusal Full(string whose, int max) => Refusal.Of("tunnel.limit", $"{whose} has {max} tunnels open, the most allowed", ("max", max));

    private sealed class Tunnel(string? workload, TunnelStream stream)
    {
        public string? Workload { get; } = workload;

        public TunnelStream Stream { get; } = stream;

        public Task Task { get; set; } = Task.CompletedTask;
    }

    /// <summary>Words to the gateway. Credits and goodbyes may not wait for room in the queue: what has none goes on its own.</summary>
    private sealed class Sender(string id, AgentSocket socket, CancellationToken end) : ITunnelSender
    {
        public ValueTask OpenedAsync(CancellationToken cancel) => socket.SendAsync(new AgentTunnelOpened(id), cancel);

        public ValueTask SendAsync(ReadOnlyMemory<byte> data, bool last, CancellationToken cancel) => socket.SendAsync(new AgentTunnelData(id, Convert.ToBase64String(data.Span), last), cancel);

        public void Credit(int frames) => Post(new AgentTunnelCredit(id, frames));

        public void Close() => Refuse(Refusal.Of("tunnel.ended", "closed by the agent"));

        public void Refuse(Refusal why) => Post(new AgentTunnelClosed(id, why.Code, why.Detail));

        private void Post(AgentMessage message) => _ = socket.SendAsync(message, end).AsTask().ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
