using System.Collections.Immutable;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>One pass over the schema on one connection; dry, it only tells what it would do.</summary>
internal sealed class PgSchemaWork(NpgsqlConnection connection, bool dry)
{
    private readonly List<string> _done = [];

    /// <summary>The server can compress with LZ4: documents above 2 KB are compressed at every write, which by its own method costs a tenth of its time under load.</summary>
    private bool _fast;

    public async Task<ImmutableArray<string>> RunAsync(TableCatalog catalog, long now, CancellationToken cancel)
    {
        await StepsAsync(now, cancel).ConfigureAwait(false);
        _fast = await ScalarAsync(connection, "SELECT 1 FROM pg_settings WHERE name='default_toast_compression' AND 'lz4'=ANY(enumvals)", cancel).ConfigureAwait(false) is not null;
        foreach (var table in catalog.All)
        {
            await ReconcileAsync(table, cancel).ConfigureAwait(false);
        }

        if (_fast)
        {
            await CompressAsync("event_sets", "data", cancel).ConfigureAwait(false);
        }

        return [.. _done];
    }

    /// <summary>Steps, tables and columns only; for a dry one.</summary>
    public async Task<ImmutableArray<string>> MissingAsync(TableCatalog catalog, CancellationToken cancel)
    {
        await StepsAsync(0, cancel).ConfigureAwait(false);
        foreach (var table in catalog.All)
        {
            await TableAsync(table, cancel).ConfigureAwait(false);
        }

        return [.. _done];
    }

    public static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel, params object[] arguments)
    {
        var command = Command(connection, sql, arguments);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
        }
    }

    private async Task StepsAsync(long now, CancellationToken cancel)
    {
        var isNew = await IsMissingAsync("schema_steps", cancel).ConfigureAwait(false);
        if (isNew)
        {
            await DoAsync("create the table schema_steps", cancel, PgSchema.StepsTable).ConfigureAwait(false);
        }

        foreach (var (number, name, script) in PgSchema.Steps)
        {
            if (!(isNew && dry) && await ScalarAsync(connection, "SELECT 1 FROM schema_steps WHERE number=$1", cancel, number).ConfigureAwait(false) is not null)
            {
                continue;
            }

            if (dry)
            {
                _done.Add($"run step {number}, {name}");
                continue;
            }

            var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await DoAsync($"run step {number}, {name}", cancel, script).ConfigureAwait(false);
                await ScalarAsync(connection, "INSERT INTO schema_steps(number, name, at_us) VALUES($1, $2, $3)", cancel, number, name, now).ConfigureAwait(false);
                await transaction.CommitAsync(cancel).ConfigureAwait(false);
            }
        }

        if (!dry)
        {
            await ContractAsync(isNew, now, cancel).ConfigureAwait(false);
        }
    }

    private async Task ReconcileAsync(Table table, CancellationToken cancel)
    {
        var isNew = await TableAsync(table, cancel).ConfigureAwait(false);
        if (_fast)
        {
            await CompressAsync(table.Name, "doc", cancel).ConfigureAwait(false);
        }

        foreach (var index in table.Indexes)
        {
            await IndexAsync(table, index, isNew ? "" : "CONCURRENTLY", cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The table and its columns; true when it was not there.</summary>
    private async Task<bool> TableAsync(Table table, CancellationToken cancel)
    {
        var isNew = await IsMissingAsync(table.QuotedName, cancel).ConfigureAwait(false);
        if (isNew)
        {
            await DoAsync(
                $"create the table {table.Name}",
                cancel,
                $"CREATE TABLE {table.QuotedName}(parent text COLLATE \"C\" NOT NULL, \"key\" text COLLATE \"C\" NOT NULL, version bigint NOT NULL, write_id uuid NOT NULL, doc bytea NOT NULL, PRIMARY KEY(parent, \"key\")) WITH (fillfactor=85)").ConfigureAwait(false);
        }

        var known = await ColumnsAsync(table, cancel).ConfigureAwait(false);
        foreach (var column in table.Columns)
        {
            var type = PgParameters.TypeName(column.Type);
            if (!known.TryGetValue(column.Name, out var found))
            {
                var collate = column.Type == ColumnType.Text ? " COLLATE \"C\"" : "";
                await DoAsync(
                    $"add the column {table.Name}.{column.Name} {type}", cancel, $"ALTER TABLE {table.QuotedName} ADD COLUMN IF NOT EXISTS \"{column.Name}\" {type}{collate}").ConfigureAwait(false);
            }
            else if (found != type)
            {
                throw new StoreSchemaException($"column {table.Name}.{column.Name} is {found} in the database and {type} in the definition");
            }
        }

        return isNew;
    }

    private async Task CompressAsync(string table, string column, CancellationToken cancel)
    {
        if (await ScalarAsync(connection, "SELECT 1 FROM pg_attribute WHERE attrelid=to_regclass($1) AND attname=$2 AND attcompression='l'", cancel, $"\"{table}\"", column).ConfigureAwait(false) is null)
        {
            await DoAsync($"compress {table}.{column} with LZ4", cancel, $"ALTER TABLE \"{table}\" ALTER COLUMN {column} SET COMPRESSION lz4").ConfigureAwait(false);
        }
    }

    /// <summary>What only older versions need ends where none can be at work: events get a row a set, indexes that nothing reads go. Nobody waits for it, so it is never pending.</summary>
    private async Task ContractAsync(bool isNew, long now, CancellationToken cancel)
    {
        var before = now - (PgSchema.OlderGone.Ticks / TimeSpan.TicksPerMicrosecond);
        if (!isNew && await ScalarAsync(connection, "SELECT 1 FROM schema_steps WHERE number=$1 AND at_us<=$2", cancel, PgSchema.EventSetsStep, before).ConfigureAwait(false) is null)
        {
            return;
        }

        await ScalarAsync(connection, "UPDATE store_meta SET value=1 WHERE name=$1 AND value=0", cancel, PgSchema.EventSets).ConfigureAwait(false);
        foreach (var index in PgSchema.UnreadIndexes)
        {
            if (!await IsMissingAsync(index, cancel).ConfigureAwait(false))
            {
                await DoAsync($"drop the index {index}", cancel, $"DROP INDEX CONCURRENTLY IF EXISTS {index}").ConfigureAwait(false);
            }
        }
    }

    /// <summary>The definition an index was built from is its comment; one without (an interrupted build) or with another is built anew beside the old and takes its place.</summary>
    private async Task IndexAsync(Table table, IndexDefinition index, string concurrently, CancellationToken cancel)
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
        await DoAsync(
            $"build the index {name}",
            cancel,
            $"DROP INDEX {concurrently} IF EXISTS \"{building}\"",
            $"CREATE INDEX {concurrently} \"{building}\" ON {table.QuotedName}({wanted})",
            $"COMMENT ON INDEX \"{building}\" IS '{wanted}'",
            $"DROP INDEX {concurrently} IF EXISTS \"{name}\"",
            $"ALTER INDEX \"{building}\" RENAME TO \"{name}\"").ConfigureAwait(false);
    }

    private async Task<bool> IsMissingAsync(string table, CancellationToken cancel) =>
        await ScalarAsync(connection, "SELECT to_regclass($1)::text", cancel, table).ConfigureAwait(false) is null or DBNull;

    private async Task<Dictionary<string, string>> ColumnsAsync(Table table, CancellationToken cancel)
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

    private async Task DoAsync(string what, CancellationToken cancel, params string[] statements)
    {
        _done.Add(what);
        foreach (var sql in dry ? [] : statements)
        {
            var command = Command(connection, sql);
            await using (command.ConfigureAwait(false))
            {
                // An index of a big table takes longer than a query may.
                command.CommandTimeout = 0;
                await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
            }
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
