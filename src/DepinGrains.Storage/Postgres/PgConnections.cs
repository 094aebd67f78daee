using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Connections of one process: a pool for reading and background work, and lone ones for the committers and the listener.</summary>
internal sealed class PgConnections : IDisposable
{
    private const int Reserved = 3;
    private const int Tries = 3;

    /// <summary>Set-based writes touch few rows by key each; a plan made while a table was empty must not become a scan once it is full.</summary>
    private const string WriterSettings =
        "SET enable_seqscan=off; SET enable_hashjoin=off; SET enable_mergejoin=off; SET jit=off; SET lock_timeout='10s'; SET statement_timeout='30s'; SET idle_in_transaction_session_timeout='20s'";

    /// <summary>A database set to answer before the flush is overruled; stricter settings stay.</summary>
    private const string Durable = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _lone;

    public PgConnections(StoreOptions options)
    {
        var text = new NpgsqlConnectionStringBuilder(options.Connection)
        {
            MaxPoolSize = Math.Max(1, options.ConnectionsMax - Reserved),
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
        };
        text.ApplicationName ??= "depin";
        text.Timeout = Math.Min(text.Timeout, 5);
        text.KeepAlive = text.KeepAlive == 0 ? 30 : text.KeepAlive;
        var pool = new NpgsqlDataSourceBuilder(text.ToString());
        pool.UsePhysicalConnectionInitializer(c => Run(c, Durable), c => RunAsync(c, Durable));
        _pool = pool.Build();
        text.Pooling = false;
        text.MaxPoolSize = 100;

        // A committer that hears nothing (packets vanish) asks again on a fresh connection while its callers still wait.
        text.CommandTimeout = Math.Clamp((int)options.RetryFor.TotalSeconds, 2, 30);
        _lone = NpgsqlDataSource.Create(text.ToString());
    }

    /// <summary>A connection for a committer.</summary>
    public async Task<NpgsqlConnection> OpenWriterAsync()
    {
        var connection = await _lone.OpenConnectionAsync().ConfigureAwait(false);
        try
        {
            await RunAsync(connection, WriterSettings).ConfigureAwait(false);
            await RunAsync(connection, Durable).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A connection outside the pool: the listener's, the migrator's.</summary>
    public ValueTask<NpgsqlConnection> OpenLoneAsync(CancellationToken cancel) => _lone.OpenConnectionAsync(cancel);

    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancel)
    {
        try
        {
            return await _pool.OpenConnectionAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception problem) when (PgErrors.IsStore(problem))
        {
            throw new StoreUnavailableException("the database cannot be reached: " + problem.Message, problem);
        }
    }

    /// <summary>Reads, up to three times when connections break under it (a storm of terminated backends leaves dead ones in the pool).</summary>
    public async Task<T> ReadAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var connection = await _pool.OpenConnectionAsync(cancel).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    return await read(connection, cancel).ConfigureAwait(false);
                }
            }
            catch (Exception problem) when (PgErrors.IsStore(problem) && !cancel.IsCancellationRequested)
            {
                if (attempt == Tries || !PgErrors.MayPass(problem))
                {
                    throw new StoreUnavailableException("the database cannot be read: " + problem.Message, problem);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20 * attempt * attempt), cancel).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _pool.Dispose();
        _lone.Dispose();
    }

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }
}
