using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Where agents' reports go. An answer, also a refusal, means the report need not come again; an exception means that it must.</summary>
public interface IWorkloadReportSink
{
    /// <summary>Takes a report of a node's current session.</summary>
    Task<Result<Done>> ReportAsync(string node, AgentReport report);
}
