using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Migrates under a session advisory lock that is polled for, never waited on: a waiting statement would hold a snapshot that <c>CREATE INDEX CONCURRENTLY</c> of the holder
/// waits for. Indexes of tables that may hold rows are built concurrently, so writers go on.
/// </summary>
internal sealed class PgMigrator(PgConnections connections, TableCatalog catalog, TimeProvider time)
{
    private const long MigrationLock = 0x6465_7069_6E02;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    public async Task MigrateAsync(CancellationToken cancel)
    {
        try
        {
            var connection = await connections.OpenLoneAsync(cancel).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                while (!(bool)(await ScalarAsync(connection, "SELECT pg_try_advisory_lock($1)", cancel, MigrationLock).ConfigureAwait(false))!)
                {
                    await Task.Delay(LockPoll, cancel).ConfigureAwait(false);
                }

                await StepsAsync(connection, cancel).ConfigureAwait(false);
                foreach (var table in catalog.All)
                {
                    await ReconcileAsync(connection, table, cancel).ConfigureAwait(false);
                }
            }
        }
        catch (Exception problem) when (PgErrors.IsStore(problem) && problem is not ObjectDisposedException)
        {
            throw new StoreUnavailableException("the database could not be migrated: " + problem.Message, problem);
        }
    }

    private async Task StepsAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await RunAsync(connection, PgSchema.StepsTable, cancel).ConfigureAwait(false);
        foreach (var (number, name, script) in PgSchema.Steps)
        {
            if (await ScalarAsync(connection, "SELECT 1 FROM schema_steps WHERE number=$1", cancel, number).ConfigureAwait(false) is not null)
            {
                continue;
            }

            var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await RunAsync(connection, script, cancel).ConfigureAwait(false);
                var now = Instants.ToMicroseconds(time.GetUtcNow());
                await ScalarAsync(connection, "INSERT INTO schema_steps(number, name, at_us) VALUES($1, $2, $3)", cancel, number, name, now).ConfigureAwait(false);
                await transaction.CommitAsync(cancel).ConfigureAwait(false);
            }
        }
    }

    private static async Task ReconcileAsync(NpgsqlConnection connection, Table table, CancellationToken cancel)
    {
        var isNew = await ScalarAsync(connection, "SELECT to_regclass($1)::text", cancel, table.QuotedName).ConfigureAwait(false) is null or DBNull;
        if (isNew)
        {
            await RunAsync(
                connection,
                $"CREATE TABLE {table.QuotedName}(parent text COLLATE \"C\" NOT NULL, \"key\" text COLLATE \"C\" NOT NULL, version bigint NOT NULL, write_id uuid NOT NULL, doc bytea NOT NULL, PRIMARY KEY(parent, \"key\")) WITH (fillfactor=85)",
                cancel).ConfigureAwait(false);
        }

        var known = await ColumnsAsync(connection, table, cancel).ConfigureAwait(false);
        foreach (var column in table.Columns)
        {
            var type = PgParameters.TypeName(column.Type);
            if (!known.TryGetValue(column.Name, out var found))
            {
                var collate = column.Type == ColumnType.Text ? " COLLATE \"C\"" : "";
                await RunAsync(connection, $"ALTER TABLE {table.QuotedName} ADD COLUMN IF NOT EXISTS \"{column.Name}\" {type}{collate}", cancel).ConfigureAwait(false);
            }
            else if (found != type)
            {
                throw new StoreSchemaException($"column {table.Name}.{column.Name} is {found} in the database and {type} in the definition");
            }
        }

        foreach (var index in table.Indexes)
        {
            await IndexAsync(connection, table, index, isNew ? "" : "CONCURRENTLY", cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The definition an index was built from is its comment; one without (an interrupted build) or with another is built anew beside the old and takes its place.</summary>
    private static async Task IndexAsync(NpgsqlConnection connection, Table table, IndexDefinition index, string concurrently, CancellationToken cancel)
    {
        var name = table.IndexName(index);
        var wanted = string.Join(", ", index.Columns.Concat(["parent", "key"]).Distinct().Select(c => table.Ordinal(c) is null ? $"\"{c}\"" : $"\"{c}\" NULLS FIRST"));
        var present = await ScalarAsync(
            connection, "SELECT obj_description(i.indexrelid, 'pg_class') FROM pg_index i WHERE i.indexrelid=to_regclass($1) AND i.indisvalid", cancel, $"\"{name}\"").ConfigureAwait(false);
        if (present is string comment && comment == wanted)
        {
            return;
        }

        var building = name.Length <= 58 ? name + "_new" : name[..58] + "_new";
        await RunAsync(connection, $"DROP INDEX {concurrently} IF EXISTS \"{building}\"", cancel).ConfigureAwait(false);
        await RunAsync(connection, $"CREATE INDEX {concurrently} \"{building}\" ON {table.QuotedName}({wanted})", cancel).ConfigureAwait(false);
        await RunAsync(connection, $"COMMENT ON INDEX \"{building}\" IS '{wanted}'", cancel).ConfigureAwait(false);
        await RunAsync(connection, $"DROP INDEX {concurrently} IF EXISTS \"{name}\"", cancel).ConfigureAwait(false);
        await RunAsync(connection, $"ALTER INDEX \"{building}\" RENAME TO \"{name}\"", cancel).ConfigureAwait(false);
    }

    private static async Task<Dictionary<string, string>> ColumnsAsync(NpgsqlConnection connection, Table table, CancellationToken cancel)
    {
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        var command = Command(connection, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid=to_regclass($1) AND attnum > 0 AND NOT attisdropped", table.QuotedName);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                {
                    columns[reader.GetString(0)] = reader.GetString(1);
                }
            }
        }

        return columns;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        var command = Command(connection, sql);
        await using (command.ConfigureAwait(false))
        {
            // An index of a big table takes longer than a query may.
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel, params object[] arguments)
    {
        var command = Command(connection, sql, arguments);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] arguments)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        }

        return command;
    }
}
