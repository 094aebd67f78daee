using System.Collections.Concurrent;
using System.Text;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Connection;

/// <summary>Log streams and shells of the present connection. All end with it.</summary>
internal sealed class StreamHub(LogLibrary logs, ShellHost shells, AgentOptions options, TimeProvider clock) : IDisposable
{
    private const int BatchCharsMax = 256 << 10;
    private const int RequestIdMax = 128;

    private readonly ConcurrentDictionary<string, (CancellationTokenSource Stop, Task Task)> _streams = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();

    /// <summary>Begins or cancels a log stream.</summary>
    public void Logs(GatewayLogRequest request, AgentSocket socket)
    {
        if (string.IsNullOrEmpty(request.RequestId) || request.RequestId.Length > RequestIdMax)
        {
            return;
        }

        if (request.Cancel)
        {
            if (_streams.TryRemove(request.RequestId, out var running))
            {
                running.Stop.Cancel();
            }

            return;
        }

        var stop = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        if (_streams.Count >= options.Connection.StreamsMax || !_streams.TryAdd(request.RequestId, (stop, Task.CompletedTask)))
        {
            // Said, not kept silent: the reader would wait for ever.
            stop.Dispose();
            _ = TrySendAsync(socket, new AgentLogs(request.RequestId, [new LogLine(request.WorkloadId, -1, clock.GetUtcNow(), "agent", $"this node has {options.Connection.StreamsMax} log streams open, the most its owner allows")], true));
            return;
        }

        _streams[request.RequestId] = (stop, StreamAsync(request, socket, stop));
    }

    /// <summary>Begins, feeds or ends a shell.</summary>
    public void Shell(GatewayShellInput input, AgentSocket socket)
    {
        if (!string.IsNullOrEmpty(input.RequestId) && input.RequestId.Length <= RequestIdMax)
        {
            shells.Input(input, socket, _end.Token);
        }
    }

    /// <summary>The connection is over.</summary>
    public async Task CloseAllAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_streams.Values.Select(s => s.Task));
        await shells.CloseAllAsync();
    }

    public void Dispose() => _end.Dispose();

    private async Task StreamAsync(GatewayLogRequest request, AgentSocket socket, CancellationTokenSource stop)
    {
        await Task.Yield();
        try
        {
            await SendLinesAsync(request, socket, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Cancelled, or the connection ended.
        }
        catch (IOException e)
        {
            await TrySendAsync(socket, new AgentLogs(request.RequestId, [new LogLine(request.WorkloadId, -1, clock.GetUtcNow(), "agent", e.Message)], true));
        }
        finally
        {
            _streams.TryRemove(request.RequestId, out _);
            stop.Dispose();
        }
    }

    private async Task SendLinesAsync(GatewayLogRequest request, AgentSocket socket, CancellationToken cancellationToken)
    {
        var book = request.WorkloadId is { Length: > 0 and <= 512 } ? logs.Find(request.WorkloadId) : null;
        if (book is null)
        {
            await socket.SendAsync(new AgentLogs(request.RequestId, [], true), cancellationToken);
            return;
        }

        var from = request.FromOffset >= 0 ? request.FromOffset : Math.Max(book.First, book.Next - Math.Max(0, request.TailLines));
        while (true)
        {
            var seen = book.Appended.Version;
            var lines = Cut(book.Read(from, options.Logs.BatchLines));
            if (lines.Count > 0)
            {
                from = lines[^1].Offset + 1;
                await socket.SendAsync(new AgentLogs(request.RequestId, [.. lines], false), cancellationToken);
                continue;
            }

            if (!request.Follow)
            {
                await socket.SendAsync(new AgentLogs(request.RequestId, [], true), cancellationToken);
                return;
            }

            await book.Appended.WaitAsync(seen, TimeSpan.FromMinutes(1), clock, cancellationToken);
        }
    }

    private static IReadOnlyList<LogLine> Cut(IReadOnlyList<LogLine> lines)
    {
        var bytes = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            // JSON may write a character as six.
            bytes += (Encoding.UTF8.GetByteCount(lines[i].Text) * 3) + 200;
            if (bytes > BatchCharsMax * 3 && i > 0)
            {
                return [.. lines.Take(i)];
            }
        }

        return lines;
    }

    private static async Task TrySendAsync(AgentSocket socket, AgentMessage message)
    {
        using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await socket.SendAsync(message, timer.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody is there to hear it.
        }
    }
}
