using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>A shell in a workload, seen from this process. Whoever reads or writes faster than the other side waits.</summary>
public sealed class ShellSession : IAsyncDisposable
{
    /// <summary>How long a person has to read the last words and close. Ending the socket before resets it, and what is still on its way is lost.</summary>
    internal static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(10);

    private readonly AgentShell _shell;

    internal ShellSession(AgentShell shell) => _shell = shell;

    /// <summary>The program's input (written) and output (read); both streams in one, as they come.</summary>
    public Stream Stream => _shell.Stream;

    /// <summary>The program's exit code when it has ended; null: nobody knows it, as the node's connection was lost or the program was killed.</summary>
    public Task<int?> Exit => _shell.Exit;

    /// <summary>Closes the program's standard input.</summary>
    public ValueTask CompleteAsync(CancellationToken cancel) => _shell.Stream.CompleteAsync(cancel);

    /// <summary>Tells the shell's terminal its new size.</summary>
    public void Resize(int columns, int rows) => _shell.Resize(columns, rows);

    /// <summary>
    /// Joins the shell to a person's WebSocket: binary messages are input and output; of the person's text messages <c>{"end":true}</c> closes standard input and
    /// <c>{"columns":80,"rows":24}</c> resizes the terminal, others are ignored; the last message is the text <c>{"exitCode":n}</c> (null when the node's connection was lost; with <c>code</c> and <c>detail</c> when
    /// <paramref name="refused"/> said that the person may not have it any more), then the socket closes.
    /// </summary>
    public async Task BridgeAsync(WebSocket person, Func<CancellationToken, Task<Refusal>> refused, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(person);
        ArgumentNullException.ThrowIfNull(refused);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var input = ReadPersonAsync(person, end);
        using var watched = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        var watch = refused(watched.Token);
        try
        {
            var output = OutputAsync(person, watched.Token, end.Token);
            var why = await Task.WhenAny(output, watch) == watch ? await watch : null;
            await watched.CancelAsync();

            // Who does not read is not waited for longer than for a goodbye.
            var exit = why is null ? await output : await output.WaitAsync(GoodbyeLimit, end.Token);
            await person.SendAsync(ExitMessage(exit, why), WebSocketMessageType.Text, true, end.Token);
            await person.CloseOutputAsync(why is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.PolicyViolation, why?.Code, end.Token);

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
            await watch.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>The last message to a person: the shell's exit code, null when nobody knows it, and why it was ended by us.</summary>
    internal static byte[] ExitMessage(int? code, Refusal? why = null) => why is null ? JsonSerializer.SerializeToUtf8Bytes(new { exitCode = code }) : JsonSerializer.SerializeToUtf8Bytes(new { exitCode = code, code = why.Code, detail = why.Detail });

    /// <summary>Kills the program if it still runs.</summary>
    public ValueTask DisposeAsync() => _shell.Stream.DisposeAsync();

    /// <summary>Passes output on until the program ends (its exit code), the node's connection does or it is told to stop (null).</summary>
    private async Task<int?> OutputAsync(WebSocket person, CancellationToken watched, CancellationToken end)
    {
        var buffer = new byte[AgentProtocol.StreamFrameBytesMax];
        try
        {
            while (await _shell.Stream.ReadAsync(buffer, watched) is > 0 and var read)
            {
                // Not cut short by the watch: a message broken off would end the socket before its last words.
                await person.SendAsync(buffer.AsMemory(0, read), WebSocketMessageType.Binary, true, end);
            }
        }
        catch (IOException)
        {
            // Ended without a word of the program's; the agent's last word may still know its exit code.
        }
        catch (OperationCanceledException)
        {
            // Told to stop, or the person left.
            return null;
        }

        try
        {
            return await Exit.WaitAsync(watched);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task ReadPersonAsync(WebSocket person, CancellationTokenSource end)
    {
        var buffer = new byte[AgentProtocol.StreamFrameBytesMax];
        try
        {
            while (await person.ReceiveAsync(buffer.AsMemory(), end.Token) is { MessageType: not WebSocketMessageType.Close } received)
            {
                var bytes = buffer.AsMemory(0, received.Count);
                try
                {
                    // A person faster than the program waits here, and so, through the network, does whoever sends.
                    await (received.MessageType == WebSocketMessageType.Binary ? _shell.Stream.WriteAsync(bytes, end.Token) : ControlAsync(bytes, end.Token));
                }
                catch (IOException)
                {
                    // The program has ended: what is still typed has nowhere to go, until the person has read that and closes.
                }
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException)
        {
            // The shell ended first, or the person left without a word.
        }

        await end.CancelAsync();
    }

    private async ValueTask ControlAsync(ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        ShellControl? control;
        try
        {
            control = JsonSerializer.Deserialize<ShellControl>(text.Span, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            // Not a message we know.
            return;
        }

        if (control?.Columns is > 0)
        {
            Resize(control.Columns.Value, control.Rows ?? 0);
        }

        if (control?.End is true)
        {
            await CompleteAsync(cancel);
        }
    }

    private sealed record ShellControl(bool? End, int? Columns, int? Rows);
}
