using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>A shell in a workload, seen from this process. Output arrives in order; the last piece carries the exit code.</summary>
public sealed class ShellSession : IAsyncDisposable
{
    private const int InputBytesMax = 16_384;

    /// <summary>How long a person has to read the last words and close. Ending the socket before resets it, and what is still on its way is lost.</summary>
    internal static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(10);

    private readonly AgentStream _stream;

    internal ShellSession(AgentStream stream) => _stream = stream;

    /// <summary>Sends input; <paramref name="end"/> closes the shell's standard input.</summary>
    public void Send(ReadOnlySpan<byte> input, bool end) =>
        _stream.Connection.Send(_stream, new GatewayShellInput(_stream.Id, _stream.Workload, [], Convert.ToBase64String(input), end));

    /// <summary>Tells the shell's terminal its new size.</summary>
    public void Resize(int columns, int rows) => _stream.Connection.Send(_stream, new GatewayShellInput(_stream.Id, _stream.Workload, [], "", End: false, columns, rows));

    /// <summary>Output until the shell ends or the connection does (then without an exit code).</summary>
    public async IAsyncEnumerable<(byte[] Output, int? ExitCode)> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var message in _stream.Queue.Reader.ReadAllAsync(cancel))
        {
            if (message is AgentShellOutput output && TryDecode(output.DataBase64, out var bytes))
            {
                yield return (bytes, output.ExitCode);
                if (output.ExitCode is not null)
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>
    /// Joins the shell to a person's WebSocket: binary messages are input and output; of the person's text messages <c>{"end":true}</c> closes standard input and
    /// <c>{"columns":80,"rows":24}</c> resizes the terminal, others are ignored; the last message is the text <c>{"exitCode":n}</c> (null when the node's connection was lost), then the socket closes.
    /// </summary>
    public async Task BridgeAsync(WebSocket person, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(person);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var input = ReadPersonAsync(person, end);
        int? exit = null;
        try
        {
            await foreach (var (output, code) in ReadAsync(end.Token))
            {
                exit = code;
                if (output.Length > 0)
                {
                    await person.SendAsync(output, WebSocketMessageType.Binary, true, end.Token);
                }
            }

            await person.SendAsync(ExitMessage(exit), WebSocketMessageType.Text, true, end.Token);
            await person.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, end.Token);

            // The person closes first.
            await input.WaitAsync(GoodbyeLimit, end.Token);
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or TimeoutException)
        {
            // The person left or the host stops; disposing kills the shell.
        }
        finally
        {
            await end.CancelAsync();
            await input;
        }
    }

    /// <summary>The last message to a person: the shell's exit code, null when nobody knows it.</summary>
    internal static byte[] ExitMessage(int? code) => JsonSerializer.SerializeToUtf8Bytes(new { exitCode = code });

    /// <summary>Kills the shell if it still runs.</summary>
    public ValueTask DisposeAsync()
    {
        if (_stream.Connection.Close(_stream) || _stream.Overflowed)
        {
            // The first closes its input, the second kills it.
            var end = new GatewayShellInput(_stream.Id, _stream.Workload, [], "", End: true);
            _stream.Connection.Send(end);
            _stream.Connection.Send(end);
        }

        return ValueTask.CompletedTask;
    }

    private async Task ReadPersonAsync(WebSocket person, CancellationTokenSource end)
    {
        var buffer = new byte[InputBytesMax];
        try
        {
            while (true)
            {
                // A person faster than the agent waits here, and so, through the network, does whoever sends.
                await _stream.Connection.RoomAsync(end.Token);
                var received = await person.ReceiveAsync(buffer.AsMemory(), end.Token);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    Send(buffer.AsSpan(0, received.Count), end: false);
                }
                else
                {
                    Control(buffer.AsSpan(0, received.Count));
                }
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException)
        {
            // The shell ended first, or the person left without a word.
        }

        await end.CancelAsync();
    }

    private void Control(ReadOnlySpan<byte> text)
    {
        try
        {
            var control = JsonSerializer.Deserialize<ShellControl>(text, JsonSerializerOptions.Web);
            if (control?.Columns is > 0)
            {
                Resize(control.Columns.Value, control.Rows ?? 0);
            }

            if (control?.End is true)
            {
                Send([], end: true);
            }
        }
        catch (JsonException)
        {
            // Not a message we know.
        }
    }

    private sealed record ShellControl(bool? End, int? Columns, int? Rows);

    private static bool TryDecode(string? base64, out byte[] bytes)
    {
        var buffer = new byte[((base64?.Length ?? 0) * 3 / 4) + 3];
        var ok = Convert.TryFromBase64String(base64 ?? "", buffer, out var written);
        bytes = ok ? buffer[..written] : [];
        return ok;
    }
}
