using System.Buffers;
using System.Net.WebSockets;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>What one tunnel may cost.</summary>
/// <param name="BytesMax">Both ways together.</param>
/// <param name="TimeMax">From its opening; infinite: no bound.</param>
public sealed record TunnelLimits(long BytesMax, TimeSpan TimeMax)
{
    /// <summary>As the agent's connection bounds it, no more.</summary>
    public static TunnelLimits None { get; } = new(long.MaxValue, Timeout.InfiniteTimeSpan);
}

/// <summary>
/// Joins a caller's WebSocket to a miner's port. When the port has said all, the caller gets all of it and then a WebSocket's close, and has a little while to take leave; when the port breaks off, so does the WebSocket,
/// that nobody takes half an answer for a whole one. A caller that closes reads no more: that ends both.
/// </summary>
internal sealed class TunnelJoin(WebSocket near, Stream far, TunnelLimits limits, TimeProvider time)
{
    private const int BufferBytes = 16_384;
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(2);
    private long _bytes;

    /// <summary>Until it is over.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(limits.TimeMax, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        var (up, down) = (QuietlyAsync(UpAsync(end.Token)), QuietlyAsync(DownAsync(end.Token)));
        if (await Task.WhenAny(up, down) == down && await down)
        {
            await Task.WhenAny(up, Task.Delay(GoodbyeLimit, time, end.Token));
        }

        // What is read of a WebSocket cannot be given up without giving up the WebSocket; so this comes last.
        await end.CancelAsync();
        var (said, heard) = (await down, await up);
        if (heard && near.State == WebSocketState.CloseReceived)
        {
            using var goodbye = new CancellationTokenSource(GoodbyeLimit, time);
            await QuietlyAsync(near.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, goodbye.Token));
        }
        else if (!said || !heard)
        {
            near.Abort();
        }
    }

    /// <summary>True when it ended as it should.</summary>
    private static async Task<bool> QuietlyAsync(Task way)
    {
        try
        {
            await way;
            return true;
        }
        catch (Exception over) when (over is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>What the caller sends, until he closes.</summary>
    private async Task UpAsync(CancellationToken cancel)
    {
        await Task.Yield();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await near.ReceiveAsync(buffer.AsMemory(0, BufferBytes), cancel) is { MessageType: not WebSocketMessageType.Close } received)
            {
                Count(received.Count);
                await far.WriteAsync(buffer.AsMemory(0, received.Count), cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What the port says, to its end; then the close.</summary>
    private async Task DownAsync(CancellationToken cancel)
    {
        await Task.Yield();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await far.ReadAsync(buffer.AsMemory(0, BufferBytes), cancel)) > 0)
            {
                Count(read);
                await near.SendAsync(buffer.AsMemory(0, read), WebSocketMessageType.Binary, endOfMessage: true, cancel);
            }

            await near.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Count(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) > limits.BytesMax)
        {
            throw new IOException($"more than {limits.BytesMax} bytes went through one tunnel");
        }
    }
}
