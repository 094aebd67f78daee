using System.Net;
using System.Net.Sockets;

namespace DepinGrains.Agent.Tests.Support;

/// <summary>A port at loopback: says its piece to whoever connects and closes, or (without one) says what it hears, or hears nothing.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    public EchoServer(byte[]? says = null, bool reads = true)
    {
        _listener.Start();
        _accepting = AcceptAsync(says, reads);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync(byte[]? says, bool reads)
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token), says, reads));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client, byte[]? says, bool reads)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (says is not null)
                {
                    await stream.WriteAsync(says, _end.Token);
                    client.Client.Shutdown(SocketShutdown.Send);
                }

                await (reads && says is null ? stream.CopyToAsync(stream, _end.Token) : Task.Delay(Timeout.Infinite, _end.Token));
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // Left, or the end.
            }
        }
    }
}
