using DepinGrains.Agent.Common;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Streams;

/// <summary>Programs inside workloads: input, output (both streams in one, as they come), an exit code, and a terminal where the caller has one. A program that writes faster than its reader reads waits, and so does whoever types.</summary>
internal sealed class ShellHost(StateStore store, ExecutorSet executors)
{
    private const int WordsMax = 256;
    private const int WordLengthMax = 64 << 10;
    private static readonly byte[] EndOfInput = [4];

    public async Task<StreamEnd> RunAsync(GatewayShellOpen open, OpenStream stream)
    {
        var spec = store.Workloads.FirstOrDefault(w => w.Id == open.WorkloadId)?.Spec ?? throw new WorkloadException("this node does not run that workload", permanent: false);
        var executor = executors.For(spec.Image) ?? throw new WorkloadException("this node cannot run that workload", permanent: false);
        if (open.Command is not { IsDefaultOrEmpty: false, Length: <= WordsMax } command || command.Any(static c => c is null || c.Length > WordLengthMax || c.Contains('\0', StringComparison.Ordinal)))
        {
            throw new WorkloadException("the command is empty, too long or holds a NUL", permanent: true);
        }

        using var terminal = open.Columns > 0 ? Terminal.TryOpen(open.Columns, open.Rows) : null;
        stream.Terminal = terminal;
        using var process = await executor.StartShellAsync(open.WorkloadId, command, terminal?.Path, stream.Ended);
        using var exited = CancellationTokenSource.CreateLinkedTokenSource(stream.Ended);
        var output = Task.WhenAll(
            terminal is null ? Task.CompletedTask : CopyScreenAsync(terminal, stream),
            CopyAsync(process.StandardOutput.BaseStream, stream),
            CopyAsync(process.StandardError.BaseStream, stream));
        _ = terminal is null ? FeedAsync(stream, process.StandardInput.BaseStream, closes: true, exited.Token) : FeedAsync(stream, terminal.Stream, closes: false, exited.Token);
        try
        {
            // Reading from a pipe, or writing to one, cannot be cancelled: what waits for a silent program ends with it, and it is ended here.
            await output.WaitAsync(stream.Ended);
            await process.WaitForExitAsync(stream.Ended);

            // What it did not read of its input has nowhere to go; its children may hold the pipe, and nobody waits for them.
            await exited.CancelAsync();
            await stream.Bytes.CompleteAsync(stream.Ended);
            return new StreamEnd("shell.exited", "the program has ended", process.ExitCode);
        }
        finally
        {
            stream.Terminal = null;
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            _ = output.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task FeedAsync(OpenStream stream, Stream input, bool closes, CancellationToken stop)
    {
        try
        {
            var buffer = new byte[AgentProtocol.StreamFrameBytesMax];
            while (await stream.Bytes.ReadAsync(buffer, stop) is > 0 and var read)
            {
                await input.WriteAsync(buffer.AsMemory(0, read), stop);
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
            // The program does not read any more.
        }
    }

    private static async Task CopyScreenAsync(Terminal terminal, OpenStream stream)
    {
        try
        {
            await CopyAsync(terminal.Stream, stream);
        }
        catch (IOException) when (!stream.Ended.IsCancellationRequested)
        {
            // The program's end is closed: that is how the output of a terminal ends.
        }
    }

    private static Task CopyAsync(Stream from, OpenStream stream) => from.CopyToAsync(stream.Bytes, AgentProtocol.StreamFrameBytesMax, stream.Ended);
}
