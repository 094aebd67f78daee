using DepinGrains.LocalRuntime.Calls;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime;

/// <summary>What the runtime says of itself.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(1, LogLevel.Warning, "Activation of {Grain} failed; its waiting calls fail with it")]
    internal partial void ActivationFailed(GrainId grain, Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "Deactivation of {Grain} failed; it is over all the same")]
    internal partial void DeactivationFailed(GrainId grain, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "{Method} of {Grain} did not answer within {Wait}")]
    internal partial void ResponseTimedOut(GrainMethod method, GrainId grain, TimeSpan wait);

    [LoggerMessage(4, LogLevel.Error, "A timer of {Grain} failed; it goes on")]
    internal partial void TimerFailed(GrainId grain, Exception exception);

    [LoggerMessage(5, LogLevel.Error, "Reminder {Name} of {Grain} failed; it goes on")]
    internal partial void ReminderFailed(string name, GrainId grain, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "Reminder {Name} of {Grain}: no grain class has that type; it stays stored and does not tick")]
    internal partial void ReminderWithoutGrain(string name, GrainId grain);

    [LoggerMessage(7, LogLevel.Critical, "The turns of {Grain} broke off; this is a bug of the runtime")]
    internal partial void TurnsFailed(GrainId grain, Exception exception);
}
