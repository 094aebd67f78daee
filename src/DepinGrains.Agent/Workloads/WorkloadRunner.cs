using DepinGrains.Agent.Common;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Telemetry;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Workloads;

/// <summary>
/// Keeps one workload as desired: one loop, one step at a time. What it decides on is the record on disk and what the executor finds, never what it remembers.
/// </summary>
internal sealed partial class WorkloadRunner(
    string id, StateStore store, ExecutorSet executors, LogLibrary logs, VolumeStore volumes, AgentOptions options, AgentMetrics metrics,
    TimeProvider clock, ILogger logger) : IDisposable
{
    private readonly AsyncSignal _changed = new();
    private Task _pump = Task.CompletedTask;
    private CancellationTokenSource? _pumpStop;
    private DateTimeOffset _usageAt;
    private DateTimeOffset _volumesAt;
    private long _freeThen = long.MaxValue;

    /// <summary>Something about the desired state of this workload changed.</summary>
    public void Wake() => _changed.Set();

    public void Dispose() => _pumpStop?.Dispose();

    /// <summary>Runs until the workload is gone and not desired (true), or cancelled (false; the workload goes on).</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var seen = _changed.Version;
                var wait = options.Workloads.ObserveInterval;
                try
                {
                    var next = await StepAsync(cancellationToken);
                    if (next is null)
                    {
                        return true;
                    }

                    wait = next.Value;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Disk full, an engine that answers nonsense: said once a step, tried again; other workloads go on.
                    LogStepFailed(logger, id, e);
                    metrics.Fault(ExecutorOf(store.Workloads.FirstOrDefault(w => w.Id == id)?.Spec), ExecutorFault.Watch);
                    wait = options.Workloads.BackOffMin;
                }

                await _changed.WaitAsync(seen, wait, clock, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            await StopPumpAsync();
        }
    }

    /// <summary>Ends the workload without changing what is desired (the agent ends and takes its workloads along).</summary>
    public async Task HaltAsync(CancellationToken cancellationToken)
    {
        foreach (var executor in executors.All)
        {
            if (await executor.ObserveAsync(id, cancellationToken) is { } found)
            {
                store.Change(id, r => r.CpuMillisNow = Math.Max(r.CpuMillisNow, found.CpuMillis));
                await ClearAsync(executor, cancellationToken);
            }
        }
    }

    /// <summary>One look and at most one change; returns how long until the next look, null when there is nothing left to do.</summary>
    private async Task<TimeSpan?> StepAsync(CancellationToken cancellationToken)
    {
        var record = store.Change(id, static _ => { });
        var spec = record.Spec;
        if (spec is null)
        {
            return await EndAsync(record, cancellationToken);
        }

        var fingerprint = SpecCheck.Fingerprint(spec);
        if (record.HopelessFingerprint == fingerprint)
        {
            await ClearEverywhereAsync(cancellationToken);
            return TimeSpan.FromMinutes(1);
        }

        if ((SpecCheck.Fault(spec) ?? executors.Fault(spec.Image)) is { } fault)
        {
            await ClearEverywhereAsync(cancellationToken);
            Fail(fault, spec, fingerprint);
            return TimeSpan.FromMinutes(1);
        }

        var executor = executors.For(spec.Image)!;
        var found = await executor.ObserveAsync(id, cancellationToken);
        if (found is not null && found.Fingerprint != fingerprint)
        {
            // A new version of the workload: the old one ends first.
            await ClearEverywhereAsync(cancellationToken);
            store.Change(id, r =>
            {
                r.StartAfter = null;
                r.Failures = 0;
            });
            return TimeSpan.Zero;
        }

        return found switch
        {
            null => await StartAsync(executor, spec, fingerprint, record, cancellationToken),
            { Running: true } => await WatchAsync(executor, spec, found, record, cancellationToken),
            _ => await EndedAsync(executor, found, record, cancellationToken),
        };
    }

    /// <summary>A native process is told where the lease's other services answer; what the tenant sets himself goes over that.</summary>
    private WorkloadSpec Beside(IWorkloadExecutor executor, WorkloadSpec spec) => executor.Name == Executors.Native
        ? spec with { Env = [.. WorkloadAddresses.Variables(spec.LeaseId, store.Workloads.Select(static w => w.Spec).OfType<WorkloadSpec>(), options), .. spec.Env] }
        : spec;

    private async Task<TimeSpan?> StartAsync(IWorkloadExecutor executor, WorkloadSpec spec, string fingerprint, WorkloadRecord record, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (record.StartAfter is { } later && later > now)
        {
            return later - now;
        }

        await ClearEverywhereAsync(cancellationToken, except: executor);
        if (PortCheck.Taken(spec) is { } taken)
        {
            return BackOff(taken, record, ExecutorFault.Start);
        }

        var log = logs.Open(id);
        try
        {
            await executor.StartAsync(Beside(executor, spec), fingerprint, log, () => Report(WorkloadPhase.Pulling, spec.Image), cancellationToken);
        }
        catch (WorkloadException e) when (e.Permanent)
        {
            await ClearAsync(executor, cancellationToken);
            Fail(e.Message, spec, fingerprint);
            return TimeSpan.FromMinutes(1);
        }
        catch (WorkloadException e)
        {
            await ClearAsync(executor, cancellationToken);
            return BackOff(e.Message, record, ExecutorFault.Start);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // What was begun must not look like a program that ended.
            await ClearAsync(executor, cancellationToken);
            throw;
        }

        log.Note(clock.GetUtcNow(), record.StartedAt is null ? "started" : "started again");
        LogStarted(logger, id, executor.Name);
        var again = record.StartedAt is not null;
        store.Report(id, clock.GetUtcNow(), 0, r =>
        {
            r.Restarts += again ? 1 : 0;
            r.StartedAt = clock.GetUtcNow();
            r.StartAfter = null;
            r.HopelessFingerprint = null;
            (r.Phase, r.Detail) = (WorkloadPhase.Running, "");
        });
        _usageAt = clock.GetUtcNow();
        StartPump(executor, log);
        return Min(options.Workloads.ObserveInterval, TimeSpan.FromMilliseconds(200));
    }

    private async Task<TimeSpan?> WatchAsync(IWorkloadExecutor executor, WorkloadSpec spec, Observation found, WorkloadRecord record, CancellationToken cancellationToken)
    {
        StartPump(executor, logs.Open(id));
        var now = clock.GetUtcNow();
        if (record.Phase != WorkloadPhase.Running)
        {
            // Started by a predecessor that was killed before it could say so.
            store.Report(id, now, found.MemoryBytes, r =>
            {
                r.StartedAt ??= now;
                (r.Phase, r.Detail, r.CpuMillisNow) = (WorkloadPhase.Running, "", found.CpuMillis);
            });
            _usageAt = now;
        }
        else if (now - _usageAt >= options.Workloads.UsageInterval)
        {
            var first = _usageAt == default;
            _usageAt = now;
            if (!first)
            {
                store.Report(id, now, found.MemoryBytes, r => r.CpuMillisNow = Math.Max(r.CpuMillisNow, found.CpuMillis));
            }
        }

        if (record.Failures > 0 && now - record.StartedAt >= options.Workloads.BackOffReset)
        {
            store.Change(id, r => r.Failures = 0);
        }

        if (await ExcessAsync(executor, spec, found, now, cancellationToken) is { } excess)
        {
            await ClearAsync(executor, cancellationToken);
            return BackOff(excess, record, ExecutorFault.Ended);
        }

        return options.Workloads.ObserveInterval;
    }

    private async Task<TimeSpan?> EndedAsync(IWorkloadExecutor executor, Observation found, WorkloadRecord record, CancellationToken cancellationToken)
    {
        store.Change(id, r => r.CpuMillisNow = Math.Max(r.CpuMillisNow, found.CpuMillis));
        // The last words may still be on their way into the log.
        StartPump(executor, logs.Open(id));
        await ClearAsync(executor, cancellationToken);
        return BackOff(found.ExitCode < 0 ? "ended; its exit code is not known" : $"exited with code {found.ExitCode}", record, ExecutorFault.Ended);
    }

    private async Task<TimeSpan?> EndAsync(WorkloadRecord record, CancellationToken cancellationToken)
    {
        if (record.Phase != WorkloadPhase.Stopped)
        {
            foreach (var executor in executors.All)
            {
                if (await executor.ObserveAsync(id, cancellationToken) is { } found)
                {
                    store.Change(id, r => r.CpuMillisNow = Math.Max(r.CpuMillisNow, found.CpuMillis));
                }

                await ClearAsync(executor, cancellationToken);
            }

            LogStopped(logger, id);
            store.Report(id, clock.GetUtcNow(), 0, r =>
            {
                r.CpuMillisBefore += r.CpuMillisNow;
                r.CpuMillisNow = 0;
                (r.Phase, r.Detail) = (WorkloadPhase.Stopped, "");
            });
        }

        // Forgotten only when the gateway has acknowledged the last status.
        return store.Forget(id) ? null : options.Workloads.ObserveInterval;
    }

    private TimeSpan BackOff(string detail, WorkloadRecord record, ExecutorFault fault)
    {
        metrics.Fault(ExecutorOf(record.Spec), fault);
        var now = clock.GetUtcNow();
        var wait = RestartBackOff.Wait(record.Failures, options.Workloads.BackOffMin, options.Workloads.BackOffMax);
        logs.Open(id).Note(now, $"{detail}; next start in {wait.TotalSeconds:0.#} s");
        LogBackOff(logger, id, detail, wait);
        store.Report(id, now, 0, r =>
        {
            r.Failures++;
            r.StartAfter = now + wait;
            r.CpuMillisBefore += r.CpuMillisNow;
            r.CpuMillisNow = 0;
            (r.Phase, r.Detail) = (WorkloadPhase.BackOff, detail);
        });
        return wait;
    }

    private string? ExecutorOf(WorkloadSpec? spec) => spec is null ? null : executors.For(spec.Image)?.Name;

    private void Fail(string detail, WorkloadSpec spec, string fingerprint)
    {
        metrics.Fault(ExecutorOf(spec), ExecutorFault.Refused);
        LogFailed(logger, id, detail);
        store.Report(id, clock.GetUtcNow(), 0, r =>
        {
            r.HopelessFingerprint = fingerprint;
            (r.Phase, r.Detail) = (WorkloadPhase.Failed, detail);
        });
    }

    private void Report(WorkloadPhase phase, string detail) => store.Report(id, clock.GetUtcNow(), 0, r => (r.Phase, r.Detail) = (phase, detail));

    /// <summary>What the workload has too much of, where the kernel does not see to it; null: nothing.</summary>
    private async Task<string?> ExcessAsync(IWorkloadExecutor executor, WorkloadSpec spec, Observation found, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // One tenth above: shared pages are counted for each process.
        if (spec.MemoryBytes > 0 && found.MemoryBytes > spec.MemoryBytes + (spec.MemoryBytes / 10))
        {
            return $"used {found.MemoryBytes} bytes of memory; the lease has {spec.MemoryBytes}";
        }

        // Sooner while the disk fills fast: whoever writes it full would be found out too late.
        var free = volumes.FreeBytes();
        if (now - _volumesAt < options.Workloads.VolumeCheckInterval && free > _freeThen - (_freeThen / 8))
        {
            return null;
        }

        (_volumesAt, _freeThen) = (now, free);
        if (volumes.FindOverfull(spec, cancellationToken) is var (volume, bytes))
        {
            return $"volume '{volume.Name}' holds more than {bytes} bytes; the lease has {volume.Bytes}";
        }

        var written = spec.StorageBytes > 0 ? await executor.WrittenBytesAsync(spec, cancellationToken) : 0;
        return written > spec.StorageBytes ? $"wrote more than {written} bytes; the lease has {spec.StorageBytes} of ephemeral storage" : null;
    }

    private async Task ClearEverywhereAsync(CancellationToken cancellationToken, IWorkloadExecutor? except = null)
    {
        foreach (var executor in executors.All.Where(e => e != except))
        {
            await ClearAsync(executor, cancellationToken);
        }
    }

    private async Task ClearAsync(IWorkloadExecutor executor, CancellationToken cancellationToken)
    {
        await executor.StopAsync(id, options.Workloads.StopGrace, cancellationToken);
        await StopPumpAsync();
        await executor.RemoveAsync(id, cancellationToken);
    }

    private void StartPump(IWorkloadExecutor executor, LogBook log)
    {
        if (!_pump.IsCompleted)
        {
            return;
        }

        _pumpStop?.Dispose();
        _pumpStop = new CancellationTokenSource();
        _pump = PumpAsync(executor, log, _pumpStop.Token);
    }

    private async Task PumpAsync(IWorkloadExecutor executor, LogBook log, CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            await executor.PumpLogsAsync(id, log, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException or ObjectDisposedException)
        {
            // Started again at the next look; what was not taken over is taken then.
            LogPumpFailed(logger, id, e);
        }
    }

    private async Task StopPumpAsync()
    {
        if (_pumpStop is { } stop)
        {
            await stop.CancelAsync();
            await _pump;
            stop.Dispose();
            _pumpStop = null;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
