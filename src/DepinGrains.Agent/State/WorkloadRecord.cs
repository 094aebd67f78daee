using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.State;

/// <summary>What the agent must still know about a workload after it was killed. One file per workload.</summary>
internal sealed class WorkloadRecord
{
    public required string Id { get; init; }

    /// <summary>Null: not desired any more.</summary>
    public WorkloadSpec? Spec { get; set; }

    /// <summary>Kept when the spec is gone, for cleaning up.</summary>
    public string LeaseId { get; set; } = "";

    public WorkloadPhase Phase { get; set; } = WorkloadPhase.Pending;

    public string Detail { get; set; } = "";

    /// <summary>Of the last status made, pending or not.</summary>
    public long Sequence { get; set; }

    /// <summary>Times it was started again.</summary>
    public int Restarts { get; set; }

    /// <summary>Ends in a row, each after a short run.</summary>
    public int Failures { get; set; }

    /// <summary>Not started before this time.</summary>
    public DateTimeOffset? StartAfter { get; set; }

    /// <summary>CPU milliseconds of runs that are over.</summary>
    public long CpuMillisBefore { get; set; }

    /// <summary>CPU milliseconds of the present run when last seen.</summary>
    public long CpuMillisNow { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>Fingerprint of a spec that can never run here; not tried again.</summary>
    public string? HopelessFingerprint { get; set; }

    /// <summary>Made, not yet in a report.</summary>
    public WorkloadStatus? Pending { get; set; }
}

/// <summary>What the agent must know about itself.</summary>
internal sealed class AgentRecord
{
    /// <summary>Generation of the desired state that the workload files show; −1: none yet.</summary>
    public long Generation { get; set; } = -1;

    /// <summary>Leases whose bookings stand at the newest generation; null: the gateway does not say.</summary>
    public ImmutableArray<string>? Held { get; set; }

    /// <summary>Leases that may have something on this machine, each with the user id its native workloads run as (0: none yet).</summary>
    public Dictionary<string, int> Leases { get; init; } = [];

    /// <summary>Of the last report made.</summary>
    public long ReportSequence { get; set; }

    /// <summary>The report on its way; sent again, unchanged, until it is acknowledged.</summary>
    public ImmutableArray<WorkloadStatus> InFlight { get; set; } = [];
}
