using System.Collections.Concurrent;
using System.Net.WebSockets;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Tests.Nodes;

namespace DepinGrains.Gateway.Tests.Leases;

/// <summary>An agent whose workloads write what the test says, and which hands it out as the real one does: from a line on, or the last ones, and on as they come.</summary>
internal sealed class LogAgent
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<string>> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Workload, long Next)> _followers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<AgentMessage> _out = new();

    /// <summary>A workload writes a line.</summary>
    public void Write(string workload, string text)
    {
        lock (_gate)
        {
            Lines(workload).Add(text);
            foreach (var (request, follower) in _followers.Where(f => f.Value.Workload == workload).ToArray())
            {
                _followers[request] = (workload, Send(request, workload, follower.Next));
            }
        }
    }

    /// <summary>Beats and answers until cancelled.</summary>
    public async Task LiveAsync(RawAgent agent, CancellationToken cancel)
    {
        var heard = Task.Run(() => HearAsync(agent), CancellationToken.None);
        var beat = TimeProvider.System.GetTimestamp();
        for (var sequence = 0L; !cancel.IsCancellationRequested && !heard.IsCompleted;)
        {
            if (sequence == 0 || TimeProvider.System.GetElapsedTime(beat) > TimeSpan.FromSeconds(1))
            {
                beat = TimeProvider.System.GetTimestamp();
                await agent.SendAsync(new AgentHeartbeat(agent.Welcome.Session, ++sequence, 0));
            }

            while (_out.TryDequeue(out var message))
            {
                await agent.SendAsync(message);
            }

            await Task.Delay(10, CancellationToken.None);
        }

        agent.Abort();
        await heard;
    }

    private async Task HearAsync(RawAgent agent)
    {
        try
        {
            while (await agent.ReceiveAsync() is { } message)
            {
                if (message is GatewayLogRequest request)
                {
                    Answer(request);
                }
                else if (message is GatewayStreamClose close)
                {
                    Close(close.Id);
                }
            }
        }
        catch (Exception end) when (end is WebSocketException or OperationCanceledException)
        {
            // The test is over.
        }
    }

    private void Answer(GatewayLogRequest request)
    {
        lock (_gate)
        {
            var from = request.FromOffset >= 0 ? request.FromOffset : Math.Max(0, Lines(request.WorkloadId).Count - request.TailLines);
            var next = Send(request.Id, request.WorkloadId, from);
            if (request.Follow)
            {
                _followers[request.Id] = (request.WorkloadId, next);
            }
            else
            {
                Close(request.Id);
            }
        }
    }

    private void Close(string request)
    {
        lock (_gate)
        {
            _followers.Remove(request);
            _out.Enqueue(new AgentStreamClosed(request, "logs.ended", "no more lines"));
        }
    }

    private long Send(string request, string workload, long from)
    {
        var lines = Lines(workload);
        _out.Enqueue(new AgentLogs(request, [.. lines.Skip((int)from).Select((text, i) => new LogLine(workload, from + i, TimeProvider.System.GetUtcNow(), "stdout", text))]));
        return lines.Count;
    }

    private List<string> Lines(string workload)
    {
        if (!_written.TryGetValue(workload, out var lines))
        {
            _written[workload] = lines = [];
        }

        return lines;
    }
}
