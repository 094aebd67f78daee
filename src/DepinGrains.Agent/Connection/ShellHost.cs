using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Connection;

/// <summary>Shells inside workloads: input, output (both streams in one, as they come), an exit code, and a terminal where the caller has one.</summary>
internal sealed class ShellHost(StateStore store, ExecutorSet executors, AgentOptions options)
{
    private const int ChunkBytes = 32 << 10;
    private const int InputBytesMax = 256 << 10;
    private static readonly byte[] EndOfInput = [4];

    private readonly ConcurrentDictionary<string, Shell> _shells = new(StringComparer.Ordinal);

    /// <summary>One message for a shell; a new request id begins one.</summary>
    public void Input(GatewayShellInput input, AgentSocket socket, CancellationToken end)
    {
        if (_shells.TryGetValue(input.RequestId, out var shell))
        {
            shell.Take(input);
            return;
        }

        // Late input for a shell that has ended begins no new one.
        if (string.IsNullOrEmpty(input.WorkloadId) || input.Command.IsDefaultOrEmpty)
        {
            return;
        }

        shell = new Shell(CancellationTokenSource.CreateLinkedTokenSource(end));
        if (_shells.Count >= options.Connection.StreamsMax || !_shells.TryAdd(input.RequestId, shell))
        {
            shell.Stop.Dispose();
            _ = FailAsync(input.RequestId, $"this node has {options.Connection.StreamsMax} shells open, the most its owner allows", socket);
            return;
        }

        shell.Take(input);
        shell.Task = RunAsync(input, shell, socket);
    }

    public Task CloseAllAsync() => Task.WhenAll(_shells.Values.Select(s => s.Task));

    private async Task RunAsync(GatewayShellInput input, Shell shell, AgentSocket socket)
    {
        await Task.Yield();
        var stop = shell.Stop.Token;
        try
        {
            var exit = await RunProcessAsync(input, [.. input.Command], shell, socket, stop);
            await socket.SendAsync(new AgentShellOutput(input.RequestId, "", exit), stop);
        }
        catch (OperationCanceledException)
        {
            // Killed by its user, or the connection ended.
        }
        catch (Exception e) when (e is WorkloadException or IOException or System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            await FailAsync(input.RequestId, e.Message, socket);
        }
        finally
        {
            _shells.TryRemove(input.RequestId, out _);
            shell.Stop.Dispose();
        }
    }

    /// <summary>A shell that never began, and why.</summary>
    private static async Task FailAsync(string requestId, string why, AgentSocket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await socket.SendAsync(new AgentShellOutput(requestId, Convert.ToBase64String(Encoding.UTF8.GetBytes(why + "\n")), 126), limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody is there to hear it.
        }
    }

    private async Task<int> RunProcessAsync(GatewayShellInput input, IReadOnlyList<string> command, Shell shell, AgentSocket socket, CancellationToken stop)
    {
        var spec = store.Workloads.FirstOrDefault(w => w.Id == input.WorkloadId)?.Spec ?? throw new WorkloadException("this node does not run that workload", permanent: false);
        var executor = executors.For(spec.Image) ?? throw new WorkloadException("this node cannot run that workload", permanent: false);
        if (command.Count > 256 || command.Any(c => c is null || c.Length > 64 << 10 || c.Contains('\0', StringComparison.Ordinal)))
        {
            throw new WorkloadException("the command is too long or holds a NUL", permanent: true);
        }

        using var terminal = input.Columns > 0 ? Terminal.TryOpen(input.Columns, input.Rows) : null;
        shell.Terminal = terminal;
        using var process = await executor.StartShellAsync(input.WorkloadId, command, terminal?.Path, stop);
        try
        {
            var feeding = terminal is null ? FeedAsync(process.StandardInput.BaseStream, closes: true, shell, stop) : FeedAsync(terminal.Stream, closes: false, shell, stop);
            await Task.WhenAll(
                terminal is null ? Task.CompletedTask : CopyScreenAsync(terminal, input.RequestId, socket, stop),
                CopyAsync(process.StandardOutput.BaseStream, input.RequestId, socket, stop),
                CopyAsync(process.StandardError.BaseStream, input.RequestId, socket, stop));
            await process.WaitForExitAsync(stop);
            shell.Input.Writer.TryComplete();
            await feeding;
            return process.ExitCode;
        }
        finally
        {
            shell.Terminal = null;
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task FeedAsync(Stream input, bool closes, Shell shell, CancellationToken stop)
    {
        try
        {
            await foreach (var bytes in shell.Input.Reader.ReadAllAsync(stop))
            {
                await input.WriteAsync(bytes, stop);
                await input.FlushAsync(stop);
            }

            if (closes)
            {
                input.Close();
            }
            else
            {
                // A terminal says "end of input" by a character.
                await input.WriteAsync(EndOfInput, stop);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The shell does not read any more.
        }
    }

    private static async Task CopyScreenAsync(Terminal terminal, string requestId, AgentSocket socket, CancellationToken stop)
    {
        try
        {
            await CopyAsync(terminal.Stream, requestId, socket, stop);
        }
        catch (IOException)
        {
            // The program's end is closed: that is how the output of a terminal ends.
        }
    }

    private static async Task CopyAsync(Stream stream, string requestId, AgentSocket socket, CancellationToken stop)
    {
        var buffer = new byte[ChunkBytes];
        int read;
        while ((read = await stream.ReadAsync(buffer, stop)) > 0)
        {
            await socket.SendAsync(new AgentShellOutput(requestId, Convert.ToBase64String(buffer, 0, read), null), stop);
        }
    }

    private sealed class Shell(CancellationTokenSource stop)
    {
        private bool _ended;

        public CancellationTokenSource Stop { get; } = stop;

        public Channel<byte[]> Input { get; } = Channel.CreateBounded<byte[]>(256);

        public Task Task { get; set; } = Task.CompletedTask;

        /// <summary>The terminal it runs on; null before, after, and on pipes.</summary>
        public Terminal? Terminal { get; set; }

        /// <summary>Only ever called by the connection's one reader.</summary>
        public void Take(GatewayShellInput input)
        {
            if (input.DataBase64 is { Length: > 0 and < InputBytesMax } text)
            {
                var bytes = new byte[text.Length];
                if (!Convert.TryFromBase64String(text, bytes, out var length) || (!_ended && !Input.Writer.TryWrite(bytes[..length])))
                {
                    // Nonsense, or input faster than the program reads: losing some silently would be worse.
                    Cancel();
                    return;
                }
            }

            if (input.Columns > 0)
            {
                Resize(input.Columns, input.Rows);
            }

            if (input.End && _ended)
            {
                Cancel();
            }
            else if (input.End)
            {
                _ended = true;
                Input.Writer.TryComplete();
            }
        }

        private void Resize(int columns, int rows)
        {
            try
            {
                Terminal?.Resize(columns, rows);
            }
            catch (ObjectDisposedException)
            {
                // The shell ended by itself in the meantime.
            }
        }

        private void Cancel()
        {
            try
            {
                Stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // Ended by itself in the meantime.
            }
        }
    }
}
