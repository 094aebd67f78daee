using System.Net;
using System.Net.Sockets;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>Stands between one silo and PostgreSQL. Armed, it swallows the server's next word that a COMMIT went through and cuts the connection: the silo cannot know.</summary>
internal sealed class DatabaseProxy : IDisposable
{
    private static readonly byte[] Committed = "COMMIT\0"u8.ToArray();
    private readonly TcpListener _listener;
    private readonly int _target;
    private int _armed;
    private int _cuts;

    public DatabaseProxy(IPAddress address, int targetPort)
    {
        _target = targetPort;
        _listener = new TcpListener(address, 0);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts => Volatile.Read(ref _cuts);

    public void CutNextCommit() => Volatile.Write(ref _armed, 1);

    public void Disarm() => Volatile.Write(ref _armed, 0);

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target);
                (client.NoDelay, server.NoDelay) = (true, true);
                await Task.WhenAny(PumpAsync(client, server, answers: false), PumpAsync(server, client, answers: true));
            }
            catch (Exception problem) when (problem is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The server is down, or one side left.
            }

            client.Client?.Close(0);
            server.Client?.Close(0);
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool answers)
    {
        var buffer = new byte[1 << 16];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                if (answers && Volatile.Read(ref _armed) == 1 && buffer.AsSpan(0, read).IndexOf(Committed) >= 0 && Interlocked.Exchange(ref _armed, 0) == 1)
                {
                    Interlocked.Increment(ref _cuts);
                    return;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or InvalidOperationException or SocketException)
        {
            // The other side went first.
        }
    }
}
