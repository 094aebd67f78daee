using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DepinGrains.Agent.Hello;

/// <summary>
/// The built-in sample workload <c>native:depin-hello</c>: answers every HTTP request with <c>hello from LEASE</c> and how many it has answered, and writes a line per request.
/// Small on purpose: no web framework, bounded input, one request per connection.
/// </summary>
internal sealed class HelloServer(string lease, TextWriter log)
{
    private const int RequestBytesMax = 16 << 10;
    private const int ConnectionsMax = 256;
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(10);

    private long _requests;

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(address, port);
        listener.Start();
        var local = (IPEndPoint)listener.LocalEndpoint;
        await log.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"depin-hello of {lease} listens on {local}"));
        using var places = new SemaphoreSlim(ConnectionsMax);
        while (true)
        {
            await places.WaitAsync(cancellationToken);
            var client = await listener.AcceptTcpClientAsync(cancellationToken);
            _ = ServeAsync(client, places, cancellationToken);
        }
    }

    private async Task ServeAsync(TcpClient client, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(RequestLimit);
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                var head = await ReadHeadAsync(stream, timer.Token);
                var words = head.Split(' ', 3);
                var valid = words.Length == 3 && words[2].StartsWith("HTTP/1.", StringComparison.Ordinal);
                var count = Interlocked.Increment(ref _requests);
                var body = valid ? string.Create(CultureInfo.InvariantCulture, $"hello from {lease}\nrequest {count}\n") : "bad request\n";
                await stream.WriteAsync(Encoding.UTF8.GetBytes(Answer(valid ? "200 OK" : "400 Bad Request", body, words[0] == "HEAD")), timer.Token);
                await log.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"request {count} {Shorten(head)}"));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // A client that went away or said nothing.
        }
        finally
        {
            places.Release();
        }
    }

    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[RequestBytesMax];
        var length = 0;
        while (length < buffer.Length && buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        var end = buffer.AsSpan(0, length).IndexOf((byte)'\r');
        return Encoding.ASCII.GetString(buffer, 0, end < 0 ? 0 : end);
    }

    private static string Answer(string status, string body, bool headOnly) => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{(headOnly ? "" : body)}");

    private static string Shorten(string text) => string.Concat(text.Take(200).Select(c => char.IsControl(c) ? '?' : c));
}
