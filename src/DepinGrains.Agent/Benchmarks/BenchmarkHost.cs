using System.Globalization;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Benchmarks;

/// <summary>
/// Benchmarks of one connection, one at a time: waits for room beside the leases, begins, answers signed. Ends with the connection, when the backend wants another or none, and when the time is up.
/// </summary>
internal sealed partial class BenchmarkHost(AgentOptions options, NodeIdentity identity, StateStore store, Func<long> cpuMilli, TimeProvider clock, ILogger logger) : IDisposable
{
    private const int CoreMilli = 1_000;
    private readonly CancellationTokenSource _end = new();
    private Run? _run;

    /// <summary>What the desired state says; only ever called by the connection's one reader, as the other two.</summary>
    public void Offered(BenchmarkOffer? offer, long session, AgentSocket socket)
    {
        if (offer?.Id == _run?.Offer.Id)
        {
            return;
        }

        _run?.Cancel();
        _run = offer is null ? null : new Run(offer, session, socket, CancellationTokenSource.CreateLinkedTokenSource(_end.Token));
        if (_run is { } run)
        {
            run.Task = RunAsync(run);
        }
    }

    /// <summary>The time runs.</summary>
    public void Begin(GatewayBenchmark benchmark)
    {
        if (_run is { } run && run.Offer.Id == benchmark.Id)
        {
            run.Begun.TrySetResult(benchmark);
        }
    }

    /// <summary>The backend has its verdict.</summary>
    public void Over(GatewayBenchmarkOver over)
    {
        if (_run is { } run && run.Offer.Id == over.Id)
        {
            LogOver(logger, over.Code ?? "passed", over.Detail);
            run.Cancel();
        }
    }

    /// <summary>The connection is over.</summary>
    public async Task CloseAsync()
    {
        await _end.CancelAsync();
        await (_run?.Task ?? Task.CompletedTask);
    }

    public void Dispose() => _end.Dispose();

    /// <summary>Threads a benchmark may have now: what leases leave free, and the part of theirs that the owner allows.</summary>
    internal int Threads()
    {
        var total = cpuMilli();
        var booked = store.Workloads.Sum(static w => w.Spec?.CpuMilli ?? 0);
        var beside = total - booked + (booked * options.Benchmarks.LeaseCpuPercentMax / 100);
        var most = Math.Min(beside, total * options.Benchmarks.CpuPercentMax / 100);

        // A machine that offers less than a core, and nothing of it is leased, gives what it has.
        return booked == 0 ? (int)Math.Max(1, most / CoreMilli) : (int)Math.Max(0, most / CoreMilli);
    }

    private async Task RunAsync(Run run)
    {
        await Task.Yield();
        try
        {
            if (WhyNot(run.Offer) is { } reason)
            {
                await DeclineAsync(run, reason);
            }
            else if (await RoomAsync(run) is var threads && threads == 0)
            {
                await DeclineAsync(run, string.Create(CultureInfo.InvariantCulture, $"its leases left less than a core free until {run.Offer.Until:O}"));
            }
            else
            {
                await run.Socket.SendAsync(new AgentBenchmarkReady(run.Session, run.Offer.Id), run.Stop);
                await SolveAsync(run, await run.Begun.Task.WaitAsync(run.Stop), threads);
            }
        }
        catch (OperationCanceledException)
        {
            // Not wanted any more, too late, or the connection ended: the backend knows, or learns it from the time.
        }
        catch (FormatException)
        {
            // A nonce that is none: nothing to work on.
        }
    }

    private string? WhyNot(BenchmarkOffer offer) =>
        !options.Benchmarks.Enabled ? "its owner switched benchmarks off (Benchmarks:Enabled)"
        : TimeSpan.FromMilliseconds(offer.TimeMs) > options.Benchmarks.TimeMax ? string.Create(CultureInfo.InvariantCulture, $"it may take {offer.TimeMs} ms, the owner allows {options.Benchmarks.TimeMax.TotalMilliseconds} (Benchmarks:TimeMax)")
        : null;

    /// <summary>Threads as soon as there is room; 0 when there was none until the offer ended.</summary>
    private async Task<int> RoomAsync(Run run)
    {
        while (true)
        {
            var threads = Threads();
            if (threads > 0 || clock.GetUtcNow() + options.Benchmarks.LookInterval >= run.Offer.Until)
            {
                return threads;
            }

            await Task.Delay(options.Benchmarks.LookInterval, clock, run.Stop);
        }
    }

    private async Task SolveAsync(Run run, GatewayBenchmark benchmark, int threads)
    {
        // Not longer than it counts, and never longer than the owner allows, whatever a gateway says.
        var most = TimeSpan.FromMilliseconds(Math.Clamp(benchmark.TimeMs, 1, options.Benchmarks.TimeMax.TotalMilliseconds * 2));
        using var late = new CancellationTokenSource(most, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, run.Stop);
        LogBegins(logger, benchmark.Work, threads, benchmark.TimeMs);
        var digests = await BenchmarkSolver.SolveAsync(Convert.FromBase64String(benchmark.NonceBase64), Math.Clamp(benchmark.Work, 1, run.Offer.Work), threads, options.Benchmarks.Nice, either.Token);
        var signature = identity.Sign(BenchmarkAnswers.Bytes(identity.NodeId!, run.Session, run.Offer.Id, [.. digests]));
        await run.Socket.SendAsync(new AgentBenchmarkAnswer(run.Session, run.Offer.Id, [.. digests], signature), run.Stop);
    }

    private async Task DeclineAsync(Run run, string reason)
    {
        LogDeclined(logger, reason);
        await run.Socket.SendAsync(new AgentBenchmarkDeclined(run.Session, run.Offer.Id, reason), run.Stop);
    }

    private sealed class Run(BenchmarkOffer offer, long session, AgentSocket socket, CancellationTokenSource stop)
    {
        public BenchmarkOffer Offer { get; } = offer;

        public long Session { get; } = session;

        public AgentSocket Socket { get; } = socket;

        public CancellationToken Stop { get; } = stop.Token;

        public TaskCompletionSource<GatewayBenchmark> Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task { get; set; } = Task.CompletedTask;

        public void Cancel() => stop.Cancel();
    }

    [LoggerMessage(EventId = 7501, Level = LogLevel.Information, Message = "A benchmark begins: {Work} blocks on {Threads} threads, {TimeMs} ms.")]
    private static partial void LogBegins(ILogger logger, int work, int threads, int timeMs);

    [LoggerMessage(EventId = 7502, Level = LogLevel.Information, Message = "The benchmark is over: {Verdict} {Detail}")]
    private static partial void LogOver(ILogger logger, string verdict, string detail);

    [LoggerMessage(EventId = 7503, Level = LogLevel.Warning, Message = "A benchmark was declined: {Reason}.")]
    private static partial void LogDeclined(ILogger logger, string reason);
}
