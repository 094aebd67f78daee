using DepinGrains.Agent.Logs;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads;

/// <summary>
/// Runs workloads of one kind. It keeps nothing in memory that matters: everything is found again by workload id, on disk or in the container engine,
/// so a new agent process goes on where the old one was killed.
/// </summary>
internal interface IWorkloadExecutor
{
    /// <summary><c>container</c> or <c>native</c>.</summary>
    string Name { get; }

    /// <summary>What it is, for people: <c>podman 4.3.1</c>, <c>native (bubblewrap)</c>.</summary>
    string Description { get; }

    /// <summary>True when this executor is the one for the image.</summary>
    bool Handles(string image);

    /// <summary>Starts the workload; nothing of it exists before. <paramref name="onPulling"/> is called when the image has to be fetched first.</summary>
    /// <exception cref="WorkloadException">It could not be started.</exception>
    Task StartAsync(WorkloadSpec spec, string fingerprint, LogBook log, Action onPulling, CancellationToken cancellationToken);

    /// <summary>What there is of a workload; null: nothing.</summary>
    Task<Observation?> ObserveAsync(string workloadId, CancellationToken cancellationToken);

    /// <summary>Ends it whole, children and all; what it wrote can still be read. Nothing there: nothing done.</summary>
    Task StopAsync(string workloadId, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Removes what was made for this run. Only after <see cref="StopAsync"/>.</summary>
    Task RemoveAsync(string workloadId, CancellationToken cancellationToken);

    /// <summary>Ids of all workloads of this agent that exist here.</summary>
    Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Takes output over into the log until cancelled; then takes what is left and returns. Nothing is taken twice, not even by a later agent.</summary>
    Task PumpLogsAsync(string workloadId, LogBook log, CancellationToken cancellationToken);

    /// <summary>A process inside the workload, its input and outputs redirected, or on the terminal at <paramref name="terminal"/>.</summary>
    /// <exception cref="WorkloadException">The workload does not run, or cannot be entered.</exception>
    Task<System.Diagnostics.Process> StartShellAsync(string workloadId, IReadOnlyList<string> command, string? terminal, CancellationToken cancellationToken);

    /// <summary>Bytes a workload has written beside its volumes; counting may stop above what it ordered. 0 when nobody can tell.</summary>
    Task<long> WrittenBytesAsync(WorkloadSpec spec, CancellationToken cancellationToken);

    /// <summary>Removes what a lease shared between its workloads (networks). Called when its last workload is gone.</summary>
    Task RemoveLeaseAsync(string leaseId, CancellationToken cancellationToken);
}

/// <summary>A workload as found.</summary>
/// <param name="Fingerprint">Of the spec it was started with.</param>
/// <param name="Running">False: it has ended.</param>
/// <param name="ExitCode">When ended; −1 when nobody knows.</param>
/// <param name="CpuMillis">CPU time of this run, milliseconds; 0 when unknown.</param>
/// <param name="MemoryBytes">Memory now; 0 when unknown.</param>
internal sealed record Observation(string Fingerprint, bool Running, int ExitCode, long CpuMillis, long MemoryBytes);

/// <summary>A workload could not be started or entered; the message is for the tenant and holds no secrets.</summary>
/// <param name="permanent">Trying again cannot help.</param>
internal sealed class WorkloadException(string message, bool permanent) : Exception(message)
{
    public bool Permanent { get; } = permanent;
}
