using System.Net;
using System.Net.Sockets;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;

namespace DepinGrains.Agent.Streams;

/// <summary>Joins tunnels to ports.</summary>
internal sealed class TunnelHost(TunnelTargets targets, TunnelOptions options, TimeProvider clock)
{
    public async Task<StreamEnd> RunAsync(GatewayTunnelOpen open, OpenStream stream)
    {
        var target = targets.Find(open);
        if (!target.IsOk)
        {
            throw new StreamRefusedException(target.Refusal);
        }

        using var socket = await ConnectAsync(target.Value, stream);
        await stream.OpenedAsync();
        await PumpAsync(new NetworkStream(socket), stream.Bytes);
        return new StreamEnd("tunnel.ended", "the port's side is done");
    }

    private async Task<Socket> ConnectAsync(IPEndPoint target, OpenStream stream)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var late = new CancellationTokenSource(options.ConnectTimeout, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stream.Ended);
        try
        {
            await socket.ConnectAsync(target, limit.Token);
            return socket;
        }
        catch (Exception problem)
        {
            socket.Dispose();
            throw problem is OperationCanceledException && late.IsCancellationRequested ? new StreamRefusedException(Refusal.Of("tunnel.broken", $"the port did not answer within {options.ConnectTimeout}")) : problem;
        }
    }

    /// <summary>Both ways until both are done, one breaks, or nothing goes through any more.</summary>
    private async Task PumpAsync(NetworkStream port, FrameStream tunnel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(tunnel.Ended);
        async Task OutAsync()
        {
            await port.CopyToAsync(tunnel, AgentProtocol.StreamFrameBytesMax, end.Token);
            await tunnel.CompleteAsync(end.Token);
        }

        async Task InAsync()
        {
            await tunnel.CopyToAsync(port, AgentProtocol.StreamFrameBytesMax, end.Token);
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

    private async Task IdleAsync(FrameStream tunnel, CancellationToken cancellationToken)
    {
        while (!tunnel.IsIdle(options.IdleTimeout))
        {
            await Task.Delay(options.IdleTimeout / 4, clock, cancellationToken);
        }

        throw new IOException($"nothing went through the tunnel for {options.IdleTimeout}");
    }
}
