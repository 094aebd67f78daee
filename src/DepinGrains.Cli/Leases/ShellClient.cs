using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using Microsoft.Win32.SafeHandles;

namespace DepinGrains.Cli.Leases;

/// <summary>This end of a shell's WebSocket: standard input goes out, what comes in is written as it is, the last message carries the exit code.</summary>
internal static class ShellClient
{
    private const int ChunkBytes = 8_192;

    public static async Task<int> RunAsync(Session session, string path, RawTerminal? screen)
    {
        using var socket = await session.ConnectAsync(path);
        using var sending = new SemaphoreSlim(1, 1);
        using var end = new CancellationTokenSource();
        if (screen is not null && !OperatingSystem.IsWindows())
        {
            screen.Resized = (columns, rows) => _ = SendAsync(socket, sending, JsonSerializer.SerializeToUtf8Bytes(new { columns, rows }), WebSocketMessageType.Text, end.Token);
        }

        // Reading standard input cannot be cancelled everywhere: nobody waits for it, and it ends with the process.
        _ = Task.Run(() => FeedAsync(socket, sending, end.Token), end.Token);
        var exit = await ReceiveAsync(socket);
        await end.CancelAsync();
        return exit;
    }

    private static async Task<int> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[ChunkBytes];
        await using var output = Console.OpenStandardOutput();
        using var text = new MemoryStream();
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    await output.WriteAsync(buffer.AsMemory(0, received.Count));
                    await output.FlushAsync();
                    continue;
                }

                text.Write(buffer, 0, received.Count);
                if (!received.EndOfMessage)
                {
                    continue;
                }

                var last = JsonNode.Parse(text.ToArray());
                text.SetLength(0);
                if (last?["exitCode"] is { } code)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return (int)code;
                }

                if ((string?)last?["detail"] is { } why)
                {
                    await Console.Error.WriteLineAsync($"the shell was ended: {why} ({(string?)last["code"]})");
                    return ExitCodes.Refused;
                }
            }
        }
        catch (Exception lost) when (lost is WebSocketException or JsonException or IOException)
        {
            // Said below; a reader of ours that went away (`| head`) ends the shell, too.
        }

        await Console.Error.WriteLineAsync("the connection to the workload was lost before the program ended; it was stopped. Is its node online? 'depin lease show' tells");
        return ExitCodes.ConnectionLost;
    }

    private static async Task FeedAsync(ClientWebSocket socket, SemaphoreSlim sending, CancellationToken cancel)
    {
        var buffer = new byte[ChunkBytes];
        // Not Console's stream: on a terminal that one edits lines by itself.
        await using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        try
        {
            int read;
            while ((read = await input.ReadAsync(buffer, cancel)) > 0)
            {
                await SendAsync(socket, sending, buffer.AsMemory(0, read), WebSocketMessageType.Binary, cancel);
            }

            await SendAsync(socket, sending, """{"end":true}"""u8.ToArray(), WebSocketMessageType.Text, cancel);
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The shell ended first.
        }
    }

    private static async Task SendAsync(ClientWebSocket socket, SemaphoreSlim sending, ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancel)
    {
        try
        {
            await sending.WaitAsync(cancel);
        }
        catch (Exception over) when (over is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        try
        {
            await socket.SendAsync(message, type, endOfMessage: true, cancel);
        }
        catch (Exception lost) when (lost is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The receiving side says so.
        }
        finally
        {
            sending.Release();
        }
    }
}
