using DepinGrains.Storage.Events;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Hears of events other processes wrote. Starts with the first reader that waits; while it has no connection, readers poll.</summary>
internal sealed partial class PgEventListener(PgConnections connections, EventSignal signal, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task? _loop;

    public void Start()
    {
        if (_loop is null)
        {
            lock (_gate)
            {
                _loop ??= Task.Run(RunAsync);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_loop is { } loop)
        {
            await loop.ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ListenAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                LogLost(log, problem.Message);
                await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync()
    {
        var connection = await connections.OpenLoneAsync(_stop.Token).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            connection.Notification += (_, _) => signal.Advance();
            var listen = new NpgsqlCommand("LISTEN " + PgEventNotifier.Channel, connection);
            await using (listen.ConfigureAwait(false))
            {
                await listen.ExecuteNonQueryAsync(_stop.Token).ConfigureAwait(false);
            }

            // What was written before we listened: have them look.
            signal.Advance();
            while (true)
            {
                await connection.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(11, LogLevel.Information, "Not listening for events of other processes, polling meanwhile: {Problem}")]
    private static partial void LogLost(ILogger log, string problem);
}
