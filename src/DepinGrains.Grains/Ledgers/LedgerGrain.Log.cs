using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Ledgers;

public sealed partial class LedgerGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Ledger {Token} leaves ({Reason}) at {Sequence}, indexed through {Indexed}")]
    private static partial void LogDeactivating(ILogger logger, string token, DeactivationReasonCode reason, long sequence, long indexed);
}
