using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Workloads;

/// <content>Log messages.</content>
internal sealed partial class WorkloadRunner
{
    [LoggerMessage(EventId = 7101, Level = LogLevel.Information, Message = "Workload {Id} started ({Executor}).")]
    private static partial void LogStarted(ILogger logger, string id, string executor);

    [LoggerMessage(EventId = 7102, Level = LogLevel.Information, Message = "Workload {Id} stopped: it is not wanted any more.")]
    private static partial void LogStopped(ILogger logger, string id);

    [LoggerMessage(EventId = 7103, Level = LogLevel.Information, Message = "Workload {Id}: {Detail}; next start in {Wait}.")]
    private static partial void LogBackOff(ILogger logger, string id, string detail, TimeSpan wait);

    [LoggerMessage(EventId = 7104, Level = LogLevel.Warning, Message = "Workload {Id} cannot run here: {Detail}.")]
    private static partial void LogFailed(ILogger logger, string id, string detail);

    [LoggerMessage(EventId = 7105, Level = LogLevel.Error, Message = "Workload {Id}: looking after it failed; tried again.")]
    private static partial void LogStepFailed(ILogger logger, string id, Exception error);

    [LoggerMessage(EventId = 7106, Level = LogLevel.Warning, Message = "Workload {Id}: its output cannot be taken over at the moment.")]
    private static partial void LogPumpFailed(ILogger logger, string id, Exception error);
}
