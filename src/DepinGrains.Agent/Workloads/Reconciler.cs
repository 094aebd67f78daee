using System.Collections.Immutable;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Telemetry;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Workloads;

/// <summary>
/// Makes the machine run what is desired and nothing else. Applying a desired state only writes it down and wakes the runners; each then does its own work, so a pull of one image holds nobody up.
/// </summary>
internal sealed partial class Reconciler(
    StateStore store, ExecutorSet executors, LogLibrary logs, VolumeStore volumes, AgentOptions options, AgentMetrics metrics, TimeProvider clock, ILoggerFactory loggers) : IDisposable
{
    private readonly ILogger _logger = loggers.CreateLogger<Reconciler>();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (WorkloadRunner Runner, Task Task)> _runners = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _tidying = Task.CompletedTask;
    private bool _tidyAgain;

    /// <summary>Goes on with what the last process left: running workloads are found, strays without a record are ended.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var known = store.Workloads.Select(w => w.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var executor in executors.All)
        {
            foreach (var stray in (await executor.ListAsync(cancellationToken)).Where(id => !known.Contains(id)))
            {
                LogStray(_logger, stray);
                await executor.StopAsync(stray, options.Workloads.StopGrace, cancellationToken);
                await executor.RemoveAsync(stray, cancellationToken);
            }
        }

        foreach (var record in store.Workloads)
        {
            // What could not run here gets another chance: the owner may have changed something.
            store.Change(record.Id, r => r.HopelessFingerprint = null);
            Run(record.Id);
        }
    }

    /// <summary>Takes a desired state over. It is on disk when this returns.</summary>
    public void Apply(DesiredState desired)
    {
        var wanted = new Dictionary<string, WorkloadSpec>(StringComparer.Ordinal);
        foreach (var spec in desired.Workloads.IsDefault ? [] : desired.Workloads)
        {
            if (spec is { Id: { Length: > 0 and <= 512 } id })
            {
                wanted[id] = SpecCheck.Normalise(spec);
            }
        }

        // Before anything ends: what is held must be known to whatever cleans up.
        store.SetHeld(desired.Held.IsDefault ? null : desired.Held);
        store.AddLeases(wanted.Values.Select(static spec => spec.LeaseId).Where(static lease => !string.IsNullOrEmpty(lease)));
        var known = store.Workloads.ToImmutableDictionary(w => w.Id, StringComparer.Ordinal);
        var count = known.Keys.Count(wanted.ContainsKey);
        foreach (var (id, spec) in wanted)
        {
            if (!known.ContainsKey(id) && ++count > options.Workloads.WorkloadsMax)
            {
                LogTooMany(_logger, id, options.Workloads.WorkloadsMax);
                continue;
            }

            store.Change(id, r =>
            {
                if (r.Spec is null)
                {
                    // New, or taken back while it was ending: begins again.
                    (r.Phase, r.Detail, r.StartAfter, r.Failures) = (WorkloadPhase.Pending, "", null, 0);
                }

                (r.Spec, r.LeaseId) = (spec, spec.LeaseId ?? "");
            });
            Run(id);
        }

        foreach (var id in known.Keys.Where(id => !wanted.ContainsKey(id)))
        {
            store.Change(id, r => r.Spec = null);
            Run(id);
        }

        store.SetGeneration(desired.Generation);
        LogApplied(_logger, desired.Generation, wanted.Count);
        Tidy();
    }

    /// <summary>Lets go of the workloads; with <see cref="AgentOptions.StopWorkloadsOnExit"/> ends them first.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        KeyValuePair<string, (WorkloadRunner Runner, Task Task)>[] runners;
        lock (_gate)
        {
            runners = [.. _runners];
        }

        await Task.WhenAll(runners.Select(r => r.Value.Task));
        await _tidying;
        if (options.StopWorkloadsOnExit)
        {
            await Task.WhenAll(runners.Select(r => r.Value.Runner.HaltAsync(cancellationToken)));
        }
    }

    public void Dispose() => _stop.Dispose();

    private void Run(string id)
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            if (_runners.TryGetValue(id, out var running))
            {
                running.Runner.Wake();
                return;
            }

            var runner = new WorkloadRunner(id, store, executors, logs, volumes, options, metrics, clock, loggers.CreateLogger<WorkloadRunner>());
            _runners[id] = (runner, RunToEndAsync(id, runner));
        }
    }

    private async Task RunToEndAsync(string id, WorkloadRunner runner)
    {
        // Off the caller's stack: the first step may start a process.
        await Task.Yield();
        var leaseId = store.Workloads.FirstOrDefault(w => w.Id == id)?.LeaseId;
        if (!await runner.RunAsync(_stop.Token))
        {
            return;
        }

        // While its entry stands no other runner of this id begins, so nothing new is cleaned away.
        if (store.Workloads.All(w => w.Id != id))
        {
            await CleanAsync(id, leaseId);
        }

        lock (_gate)
        {
            _runners.Remove(id);
        }

        if (store.Workloads.Any(w => w.Id == id))
        {
            // Desired again since it ended.
            Run(id);
        }
    }

    /// <summary>What a workload left goes with it, unless its lease is only suspended: that one comes back to its files and its log.</summary>
    private async Task CleanAsync(string id, string? leaseId)
    {
        try
        {
            if (string.IsNullOrEmpty(leaseId) || store.Held?.Contains(leaseId) is not true)
            {
                logs.Delete(id);
            }

            if (!string.IsNullOrEmpty(leaseId) && !store.Workloads.Any(w => w.LeaseId == leaseId))
            {
                await CleanAsync(leaseId);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            LogCleaningFailed(_logger, id, e);
        }
    }

    private async Task CleanAsync(string leaseId)
    {
        foreach (var executor in executors.All)
        {
            await executor.RemoveLeaseAsync(leaseId, _stop.Token);
        }

        if (!store.IsKept(leaseId))
        {
            volumes.DeleteLease(leaseId);
            logs.DeleteLease(leaseId);
            store.ForgetLease(leaseId);
        }
    }

    /// <summary>Removes what leases left that ran nothing when they ended; one pass at a time and beside the connection, since a volume may be large.</summary>
    private void Tidy()
    {
        lock (_gate)
        {
            (_tidyAgain, _tidying) = (true, _tidying.IsCompleted ? TidyAsync() : _tidying);
        }
    }

    private async Task TidyAsync()
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested && TidyWanted())
        {
            foreach (var leaseId in store.LeftBehind)
            {
                try
                {
                    await CleanAsync(leaseId);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
                {
                    LogCleaningFailed(_logger, leaseId, e);
                }
            }
        }
    }

    private bool TidyWanted()
    {
        lock (_gate)
        {
            return (_tidyAgain, _tidyAgain = false).Item1;
        }
    }

    [LoggerMessage(EventId = 7001, Level = LogLevel.Information, Message = "Desired state {Generation} with {Count} workloads taken over.")]
    private static partial void LogApplied(ILogger logger, long generation, int count);

    [LoggerMessage(EventId = 7002, Level = LogLevel.Warning, Message = "Workload {Id} runs here but nothing is known of it; it is ended.")]
    private static partial void LogStray(ILogger logger, string id);

    [LoggerMessage(EventId = 7003, Level = LogLevel.Warning, Message = "Workload {Id} is one too many; this agent takes {Max}.")]
    private static partial void LogTooMany(ILogger logger, string id, int max);

    [LoggerMessage(EventId = 7004, Level = LogLevel.Warning, Message = "What {Id} left behind could not be removed.")]
    private static partial void LogCleaningFailed(ILogger logger, string id, Exception error);
}
