using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Identities;

public sealed partial class IdentityGrain
{
    [LoggerMessage(EventId = 3101, Level = LogLevel.Information, Message = "Identity {Identity}: {Happened} by operation {Operation}, now version {Version}")]
    private static partial void LogChanged(ILogger logger, string identity, string happened, string operation, long version);
}
