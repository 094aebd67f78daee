using DepinGrains.Agent.Benchmarks;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Streams;
using DepinGrains.Agent.Telemetry;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Connection;

/// <summary>One connection from welcome to end: heartbeats, desired state, reports, streams.</summary>
internal sealed partial class AgentSession(
    AgentSocket socket, AgentWelcome welcome, StateStore store, Reconciler reconciler, StreamHub streams, BenchmarkHost benchmarks, ConnectionOptions options, AgentMetrics metrics,
    TimeProvider clock, ILogger logger)
{
    private const int IntervalMinMs = 20;
    private const int IntervalMaxMs = 600_000;

    private readonly Common.AsyncSignal _acknowledged = new();
    private long _announced = welcome.Generation;
    private long _asked = long.MinValue;
    private long _askedAt;
    private int _intervalMs = Math.Clamp(welcome.HeartbeatIntervalMs, IntervalMinMs, IntervalMaxMs);
    private long _heardAt = clock.GetTimestamp();

    /// <summary>Runs until the connection ends (returns or throws) or is cancelled (throws).</summary>
    /// <exception cref="AgentRefusedException">The gateway said not to come back.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Into the queue before anyone else touches what is asked for.
        await AnnouncedAsync(welcome.Generation, end.Token);
        Task[] loops =
        [
            socket.WriteLoopAsync(end.Token), ReadLoopAsync(end.Token), HeartbeatLoopAsync(end.Token), ReportLoopAsync(end.Token),
        ];
        try
        {
            // The first to end, ends all.
            await await Task.WhenAny(loops);
        }
        finally
        {
            await end.CancelAsync();
            await streams.CloseAllAsync();
            await benchmarks.CloseAsync();
            await Task.WhenAll(loops).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ReadLoopAsync(CancellationToken cancellationToken)
    {
        while (await socket.ReadAsync(cancellationToken) is { } message)
        {
            Volatile.Write(ref _heardAt, clock.GetTimestamp());
            switch (message)
            {
                case HeartbeatAck ack:
                    _intervalMs = Math.Clamp(ack.HeartbeatIntervalMs, IntervalMinMs, IntervalMaxMs);
                    await AnnouncedAsync(ack.Generation, cancellationToken);
                    break;
                case GatewayDesiredState { State: { } state }:
                    Apply(state);
                    benchmarks.Offered(state.Benchmark, welcome.Session, socket);
                    break;
                case GatewayBenchmark benchmark:
                    benchmarks.Begin(benchmark);
                    break;
                case GatewayBenchmarkOver over:
                    benchmarks.Over(over);
                    break;
                case ReportAck ack:
                    store.Acknowledge(ack.Sequence);
                    _acknowledged.Set();
                    break;
                case GatewayLogRequest open:
                    streams.Open(open, socket);
                    break;
                case GatewayShellOpen open:
                    streams.Open(open, socket);
                    break;
                case GatewayTunnelOpen open:
                    streams.Open(open, socket);
                    break;
                case GatewayStreamData data when !streams.Data(data):
                case GatewayStreamCredit credit when !streams.Credit(credit):
                    throw new ProtocolException("the gateway sent more through a stream than it was allowed");
                case GatewayStreamData or GatewayStreamCredit:
                    break;
                case GatewayShellResize size:
                    streams.Resize(size);
                    break;
                case GatewayStreamClose close:
                    streams.Close(close);
                    break;
                case GatewayRefusal { Final: true } refusal:
                    throw new AgentRefusedException(refusal.Code, refusal.Detail);
                case GatewayRefusal refusal:
                    throw new ProtocolException($"the gateway refused: {refusal.Code}: {refusal.Detail}");
                default:
                    // A newer gateway may know messages that this agent does not need.
                    LogUnexpected(logger, message.GetType().Name);
                    break;
            }
        }
    }

    /// <summary>Asks for a generation once, and again only when the answer has not come for a while.</summary>
    private async Task AnnouncedAsync(long generation, CancellationToken cancellationToken)
    {
        _announced = generation;
        if (generation != store.Generation && (generation != _asked || clock.GetElapsedTime(_askedAt) > options.ReportRetry))
        {
            (_asked, _askedAt) = (generation, clock.GetTimestamp());
            await socket.SendAsync(new AgentPull(welcome.Session), cancellationToken);
        }
    }

    /// <summary>An older state that was overtaken on its way must not bring back what has ended; a lower generation counts only when this session announced exactly that one.</summary>
    private void Apply(DesiredState state)
    {
        if (state.Generation > store.Generation || (state.Generation < store.Generation && state.Generation == _announced))
        {
            reconciler.Apply(state);
        }
    }

    private async Task HeartbeatLoopAsync(CancellationToken cancellationToken)
    {
        var (sent, interval) = (default(long?), TimeSpan.Zero);
        for (long sequence = 1; ; sequence++)
        {
            await socket.SendAsync(new AgentHeartbeat(welcome.Session, sequence, store.Generation), cancellationToken);
            metrics.Beat(sent is { } before ? clock.GetElapsedTime(before) : null, interval);
            (sent, interval) = (clock.GetTimestamp(), TimeSpan.FromMilliseconds(_intervalMs));
            await Task.Delay(interval, clock, cancellationToken);
            var silence = clock.GetElapsedTime(Volatile.Read(ref _heardAt));
            if (silence > TimeSpan.FromSeconds(2) && silence > interval * options.SilentIntervalsMax)
            {
                throw new ProtocolException($"the gateway has been silent for {silence}");
            }
        }
    }

    private async Task ReportLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (outbox, acknowledged) = (store.Outbox.Version, _acknowledged.Version);
            if (store.NextReport(welcome.Session, options.ReportBatchMax) is { } report)
            {
                await socket.SendAsync(report, cancellationToken);
                await _acknowledged.WaitAsync(acknowledged, options.ReportRetry, clock, cancellationToken);
            }
            else
            {
                await store.Outbox.WaitAsync(outbox, TimeSpan.FromMinutes(1), clock, cancellationToken);
            }
        }
    }

    [LoggerMessage(EventId = 7201, Level = LogLevel.Debug, Message = "The gateway sent a {Kind}, which is not expected now.")]
    private static partial void LogUnexpected(ILogger logger, string kind);
}
