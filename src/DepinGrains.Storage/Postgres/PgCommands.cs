using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Short ways to read.</summary>
internal static class PgCommands
{
    /// <summary>All rows of a statement through a mapper.</summary>
    public static async Task<List<T>> QueryAsync<T>(this NpgsqlConnection connection, string sql, IReadOnlyList<object> arguments, Func<NpgsqlDataReader, T> map, CancellationToken cancel)
    {
        var rows = new List<T>();
        var command = connection.Make(sql, arguments);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                {
                    rows.Add(map(reader));
                }
            }
        }

        return rows;
    }

    /// <summary>Runs a statement; how many rows it touched.</summary>
    public static async Task<int> RunAsync(this NpgsqlConnection connection, string sql, IReadOnlyList<object> arguments, CancellationToken cancel)
    {
        var command = connection.Make(sql, arguments);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }
    }

    public static NpgsqlCommand Make(this NpgsqlConnection connection, string sql, IReadOnlyList<object> arguments)
    {
        var command = new NpgsqlCommand(sql, connection);
        for (var i = 0; i < arguments.Count; i++)
        {
            command.Parameters.Add(arguments[i] as NpgsqlParameter ?? new NpgsqlParameter { Value = arguments[i] });
        }

        return command;
    }
}
