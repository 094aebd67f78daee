using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A network between two processes that can be cut: connections reset, or every packet lost in silence.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly CancellationTokenSource _end = new();
    private readonly int _target;
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _lost;

    /// <summary>Listens on a port of its own for what goes to <paramref name="url"/>.</summary>
    public CuttableProxy(string url)
    {
        _target = new Uri(url).Port;
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>The near side.</summary>
    public string Url { get; }

    /// <summary>Connections made through it so far.</summary>
    public int Connections { get; private set; }

    /// <summary>Resets every connection there is; new ones go through.</summary>
    public void Reset()
    {
        foreach (var socket in _sockets.Keys)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It ended by itself meanwhile.
            }
        }
    }

    /// <summary>From now on nothing arrives on either side, on old connections and new ones, and nobody is told.</summary>
    public void Lose() => _lost ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The network is back. What was lost stays lost: connections of before are reset, as a stateful firewall does.</summary>
    public void Heal()
    {
        Reset();
        Interlocked.Exchange(ref _lost, null)?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        Reset();
        _lost?.TrySetResult();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync(_end.Token);
                Connections++;
                _ = ServeAsync(near);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        (_sockets[near], _sockets[far]) = (true, true);
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Either side left.
        }
        finally
        {
            _sockets.TryRemove(near, out _);
            _sockets.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, _end.Token)) > 0;)
            {
                if (_lost is { } lost)
                {
                    await lost.Task;
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
