using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Reads rows by their keys. Like commits, reads that come while others are under way share the next round trip; one that comes alone goes at once. A read begins after it was asked for, so it sees all
/// that was acknowledged before.
/// </summary>
internal sealed class PgRowReader(PgConnections connections)
{
    private const int BatchMax = 64;

    /// <summary>One on its way and one gathering behind it would leave the line idle between them.</summary>
    private const int AtOnce = 2;

    private readonly Lock _gate = new();
    private readonly Queue<Asked> _waiting = new();
    private int _readers;

    public Task<StoredRow?> ReadAsync(RowId id, Table table, string sql, CancellationToken cancel)
    {
        var asked = new Asked(id, table, sql);
        lock (_gate)
        {
            _waiting.Enqueue(asked);
            if (_readers == AtOnce)
            {
                return asked.Done.Task.WaitAsync(cancel);
            }

            _readers++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static reader => _ = reader.PumpAsync(), this, preferLocal: true);
        return asked.Done.Task.WaitAsync(cancel);
    }

    private async Task PumpAsync()
    {
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                var rows = await connections.ReadAsync((connection, _) => ReadAsync(connection, batch), CancellationToken.None).ConfigureAwait(false);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Done.TrySetResult(rows[i]);
                }
            }
            catch (Exception problem)
            {
                batch.ForEach(asked => asked.Done.TrySetException(problem));
            }
        }
    }

    private List<Asked> Take()
    {
        lock (_gate)
        {
            var batch = new List<Asked>(Math.Min(_waiting.Count, BatchMax));
            while (batch.Count < BatchMax && _waiting.TryDequeue(out var asked))
            {
                batch.Add(asked);
            }

            _readers -= batch.Count == 0 ? 1 : 0;
            return batch;
        }
    }

    private static async Task<StoredRow?[]> ReadAsync(NpgsqlConnection connection, List<Asked> batch)
    {
        var rows = new StoredRow?[batch.Count];
        var commands = new NpgsqlBatch(connection);
        await using var asBatch = commands.ConfigureAwait(false);
        foreach (var (id, _, sql) in batch)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id.Parent });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id.Key });
            commands.BatchCommands.Add(command);
        }

        var reader = await commands.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = await reader.ReadAsync().ConfigureAwait(false) ? PgRowStore.Row(reader, batch[i].Table) : null;
            await reader.NextResultAsync().ConfigureAwait(false);
        }

        return rows;
    }

    private sealed record Asked(RowId Id, Table Table, string Sql)
    {
        public TaskCompletionSource<StoredRow?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
