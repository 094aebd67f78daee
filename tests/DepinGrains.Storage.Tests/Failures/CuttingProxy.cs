using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DepinGrains.Storage.Tests.Failures;

/// <summary>A TCP proxy before the database that drops both sides of a connection when armed bytes are about to pass.</summary>
public sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private byte[]? _cutAnswer;
    private byte[]? _cutRequest;
    private int _cuts;

    public CuttingProxy(int targetPort)
    {
        _target = targetPort;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were cut.</summary>
    public int Cuts => _cuts;

    /// <summary>The next answer of the server holding this text is swallowed: the server did it, the client never hears.</summary>
    public void SwallowAnswer(string text) => Volatile.Write(ref _cutAnswer, Encoding.ASCII.GetBytes(text));

    /// <summary>The next request holding this text never reaches the server.</summary>
    public void SwallowRequest(string text) => Volatile.Write(ref _cutRequest, Encoding.ASCII.GetBytes(text));

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _target);
                _ = PumpAsync(client, server, () => Volatile.Read(ref _cutRequest), () => Volatile.Write(ref _cutRequest, null));
                _ = PumpAsync(server, client, () => Volatile.Read(ref _cutAnswer), () => Volatile.Write(ref _cutAnswer, null));
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<byte[]?> armed, Action disarm)
    {
        var buffer = new byte[1 << 16];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                if (armed() is { } text && buffer.AsSpan(0, read).IndexOf(text) >= 0)
                {
                    disarm();
                    Interlocked.Increment(ref _cuts);
                    break;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The other side went first.
        }

        from.Client?.Close(0);
        to.Client?.Close(0);
    }
}
