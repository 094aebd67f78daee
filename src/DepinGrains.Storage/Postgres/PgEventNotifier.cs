using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Tells the other processes that events were written, outside the transactions that wrote them (NOTIFY inside serialises commits of the whole server), at most every 20 ms.
/// Only a hint: a lost one costs a poll's wait.
/// </summary>
internal sealed partial class PgEventNotifier(PgConnections connections, ILogger log) : IDisposable
{
    public const string Channel = "depin_events";
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(20);
    private readonly CancellationTokenSource _stop = new();
    private long _newest;
    private int _running;

    public void Announce(long position)
    {
        Interlocked.Exchange(ref _newest, position);
        if (Interlocked.Exchange(ref _running, 1) == 0)
        {
            _ = Task.Run(SendAsync);
        }
    }

    public void Dispose() => _stop.Cancel();

    private async Task SendAsync()
    {
        try
        {
            long sent;
            do
            {
                sent = Interlocked.Read(ref _newest);
                await NotifyAsync(sent).ConfigureAwait(false);
                await Task.Delay(Spacing, _stop.Token).ConfigureAwait(false);
            }
            while (Interlocked.Read(ref _newest) != sent);
        }
        catch (Exception problem) when (problem is OperationCanceledException or StoreUnavailableException || PgErrors.IsStore(problem))
        {
            LogNotSent(log, problem.Message);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private async Task NotifyAsync(long position)
    {
        var connection = await connections.OpenAsync(_stop.Token).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = new NpgsqlCommand("SELECT pg_notify($1, $2)", connection) { Parameters = { new() { Value = Channel }, new() { Value = position.ToString(CultureInfo.InvariantCulture) } } };
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync(_stop.Token).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(10, LogLevel.Debug, "Other processes were not told of new events: {Problem}")]
    private static partial void LogNotSent(ILogger log, string problem);
}
