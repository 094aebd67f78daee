using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Splits a report by lease (a workload's id is <c>{lease}/{service}/{replica}</c>) and hands each part to its lease, which counts it once and only from the node that runs it.</summary>
public sealed class LeaseReportSink(IGrainFactory grains) : IWorkloadReportSink
{
    private const int WorkloadsMax = 1_000;
    private const int DetailMax = 512;

    /// <inheritdoc/>
    public async Task<Result<Done>> ReportAsync(string node, AgentReport report)
    {
        if (report.Workloads.IsDefault || report.Workloads.Length > WorkloadsMax)
        {
            return Refusal.Of("agent.report_too_large", $"a report holds at most {WorkloadsMax} workloads", ("max", WorkloadsMax));
        }

        Refusal? last = null;
        foreach (var lease in report.Workloads.Where(IsSane).GroupBy(static status => LeaseOf(status.WorkloadId)))
        {
            if (lease.Key is not null)
            {
                var part = lease.Select(static status => status with { Detail = Clean(status.Detail) }).ToImmutableArray();
                last = (await grains.GetGrain<ILeaseGrain>(lease.Key).ReportAsync(node, report.Session, report.Sequence, part)).Refusal ?? last;
            }
        }

        return last is null ? Done.Instance : last;
    }

    private static string? LeaseOf(string workload)
    {
        var replica = workload.LastIndexOf('/');
        var service = replica > 0 ? workload.LastIndexOf('/', replica - 1) : -1;
        return service > 0 ? workload[..service] : null;
    }

    private static bool IsSane(WorkloadStatus status) =>
        status is { WorkloadId.Length: > 0 and <= 300, Restarts: >= 0, CpuMillisUsed: >= 0, MemoryBytes: >= 0 } && Enum.IsDefined(status.Phase)
        && status.WorkloadId.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0;

    /// <summary>An agent's words are shown to tenants: bounded, and only what a store can keep.</summary>
    private static string Clean(string? detail)
    {
        var text = (detail ?? "")[..Math.Min(detail?.Length ?? 0, DetailMax)];
        return string.Concat(text.EnumerateRunes().Select(static rune => rune.Value < 32 ? " " : rune.ToString()));
    }
}
