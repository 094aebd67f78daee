using System.Threading.Channels;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>
/// Pulls and reports of one connection, one after the other beside its reader: a slow lease or store must not hold up heartbeats. Its task exists from the first of them on.
/// </summary>
internal sealed partial class AgentWork(AgentConnection connection, IGrainFactory grains, IWorkloadReportSink sink, AgentEndpointOptions options, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(connection.Ended);
    private long _tooLarge = -1;
    private Channel<AgentMessage>? _queue;
    private Task _running = Task.CompletedTask;

    /// <summary>Queues; waits while the queue is full, which holds up this agent's reader and nobody else's.</summary>
    public ValueTask AddAsync(AgentMessage message)
    {
        if (_queue is null)
        {
            _queue = Channel.CreateBounded<AgentMessage>(new BoundedChannelOptions(options.WorkQueueMax) { SingleReader = true, SingleWriter = true });
            _running = RunAsync(_queue.Reader);
        }

        return _queue.Writer.WriteAsync(message, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(ChannelReader<AgentMessage> reader)
    {
        await Task.Yield();
        try
        {
            await foreach (var message in reader.ReadAllAsync(_stop.Token))
            {
                await DoAsync(message);
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is over.
        }
    }

    private async Task DoAsync(AgentMessage message)
    {
        try
        {
            switch (message)
            {
                case AgentPull:
                    Send(await grains.GetGrain<INodeGrain>(connection.Node).GetDesiredStateAsync());
                    break;
                case AgentReport report:
                    if ((await sink.ReportAsync(connection.Node, report)).Refusal is { } refusal)
                    {
                        LogRefused(log, connection.Node, refusal.Code, refusal.Detail);
                    }

                    connection.Send(new ReportAck(report.Sequence));
                    break;
            }
        }
        catch (Exception problem)
        {
            // Not acknowledged: the agent sends the report again, and pulls again at the next beat's answer.
            LogFailed(log, connection.Node, problem);
        }
    }

    /// <summary>An agent hangs up on a message that is too large, and pulls the same again when it is back: it keeps what it has instead.</summary>
    private void Send(DesiredState state)
    {
        var message = HeartbeatMessages.Write(new GatewayDesiredState(state));
        if (message.Length <= AgentProtocol.MessageBytesMax)
        {
            connection.Send(message);
        }
        else if (_tooLarge != state.Generation)
        {
            _tooLarge = state.Generation;
            LogTooLarge(log, connection.Node, state.Generation, message.Length, AgentProtocol.MessageBytesMax);
        }
    }

    [LoggerMessage(3340, LogLevel.Information, "A report of node {Node} was refused: {Code}: {Detail}")]
    private static partial void LogRefused(ILogger log, string node, string code, string detail);

    [LoggerMessage(3341, LogLevel.Warning, "A pull or report of node {Node} did not come through; the agent tries again")]
    private static partial void LogFailed(ILogger log, string node, Exception problem);

    [LoggerMessage(3342, LogLevel.Error, "Desired state {Generation} of node {Node} takes {Bytes} bytes, more than the {Max} of a message: it is not sent")]
    private static partial void LogTooLarge(ILogger log, string node, long generation, int bytes, int max);
}
