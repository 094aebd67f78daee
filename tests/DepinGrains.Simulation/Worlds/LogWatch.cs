using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace DepinGrains.Simulation.Worlds;

/// <summary>Reads the log: an exception that no fault explains is a bug, wherever it was swallowed.</summary>
internal sealed class LogWatch(Problems problems) : ILoggerProvider, ILogger
{
    private const int EscrowTransferRefused = 4101;

    /// <summary>True for what broken infrastructure and lost activations throw.</summary>
    public static bool IsExplained(Exception exception) =>
        exception is StateLostException or StoreUnavailableException or StoreOverloadedException or LedgerUnknownException or LedgerOverloadedException
            or OrleansException or TimeoutException or OperationCanceledException;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel < LogLevel.Warning)
        {
            return;
        }

        if (eventId.Id == EscrowTransferRefused)
        {
            problems.Add(formatter(state, exception));
        }

        if (exception is not null && !IsExplained(exception))
        {
            problems.Add($"{formatter(state, exception)}: {exception.GetType().Name}: {exception.Message} at {Where(exception)}");
        }
    }

    public void Dispose()
    {
    }

    /// <summary>The two innermost places, without line numbers of the runtime.</summary>
    public static string Where(Exception exception) =>
        string.Join(" < ", (exception.StackTrace ?? "").Split('\n').Where(static l => l.Contains("DepinGrains.", StringComparison.Ordinal)).Take(3).Select(static l => l.Trim()));
}
