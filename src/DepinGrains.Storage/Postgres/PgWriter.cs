using DepinGrains.Storage.Committing;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>A committer's connection: opened when needed, thrown away when anything but data went wrong.</summary>
internal abstract class PgWriter(PgConnections connections) : IBatchWriter
{
    private NpgsqlConnection? _connection;

    public bool NeedsDistinctRows => true;

    /// <summary>Set once the commit is on its way: from then on only a clear ERROR says that nothing was written.</summary>
    protected bool CommitSent { get; set; }

    public async ValueTask WriteAsync(IReadOnlyList<CommitItem> batch)
    {
        CommitSent = false;
        try
        {
            _connection ??= await connections.OpenWriterAsync().ConfigureAwait(false);
            await WriteAsync(_connection, batch).ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            if (!PgErrors.IsSurelyUndone(problem) || !await RollBackAsync().ConfigureAwait(false))
            {
                Reset();
            }

            throw PgErrors.OfBatch(problem, CommitSent);
        }
    }

    public void Reset()
    {
        try
        {
            _connection?.Dispose();
        }
        catch (Exception problem) when (PgErrors.IsStore(problem))
        {
            // It is broken, that is why it goes.
        }

        _connection = null;
    }

    public void Dispose() => Reset();

    protected abstract Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<CommitItem> batch);

    protected static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private async Task<bool> RollBackAsync()
    {
        try
        {
            var command = new NpgsqlCommand("ROLLBACK", _connection);
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync().ConfigureAwait(false);
                return true;
            }
        }
        catch (Exception problem) when (PgErrors.IsStore(problem))
        {
            return false;
        }
    }
}
