using Microsoft.Data.Sqlite;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Reminders;

/// <summary>Reminders in one SQLite file of their own (or a table beside others), flushed at each change. Changes are rare; one lock serves them.</summary>
/// <param name="connectionString">Where the file is.</param>
public sealed class SqliteReminderStore(string connectionString) : IReminderStore
{
    private readonly Lock _gate = new();
    private bool _ready;

    /// <inheritdoc />
    public Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken) => Task.FromResult(Use<IReadOnlyList<ReminderEntry>>(command =>
    {
        command.CommandText = "SELECT grain, name, start_ticks, period_ticks FROM local_reminders ORDER BY grain, name";
        using var reader = command.ExecuteReader();
        List<ReminderEntry> entries = [];
        while (reader.Read())
        {
            entries.Add(new ReminderEntry(
                GrainId.Parse(reader.GetString(0)),
                reader.GetString(1),
                new DateTime(reader.GetInt64(2), DateTimeKind.Utc),
                new TimeSpan(reader.GetInt64(3))));
        }

        return entries;
    }));

    /// <inheritdoc />
    public Task PutAsync(ReminderEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Use(command =>
        {
            command.CommandText =
                "INSERT INTO local_reminders (grain, name, start_ticks, period_ticks) VALUES ($grain, $name, $start, $period) "
                + "ON CONFLICT (grain, name) DO UPDATE SET start_ticks = excluded.start_ticks, period_ticks = excluded.period_ticks";
            command.Parameters.AddWithValue("$grain", entry.Grain.ToString());
            command.Parameters.AddWithValue("$name", entry.Name);
            command.Parameters.AddWithValue("$start", entry.StartAt.Ticks);
            command.Parameters.AddWithValue("$period", entry.Period.Ticks);
            return command.ExecuteNonQuery();
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task RemoveAsync(GrainId grain, string name)
    {
        Use(command =>
        {
            command.CommandText = "DELETE FROM local_reminders WHERE grain = $grain AND name = $name";
            command.Parameters.AddWithValue("$grain", grain.ToString());
            command.Parameters.AddWithValue("$name", name);
            return command.ExecuteNonQuery();
        });
        return Task.CompletedTask;
    }

    private T Use<T>(Func<SqliteCommand, T> work)
    {
        lock (_gate)
        {
            using var connection = new SqliteConnection(connectionString);
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL;";
            command.ExecuteNonQuery();
            if (!_ready)
            {
                command.CommandText =
                    "CREATE TABLE IF NOT EXISTS local_reminders (grain TEXT NOT NULL, name TEXT NOT NULL, "
                    + "start_ticks INTEGER NOT NULL, period_ticks INTEGER NOT NULL, PRIMARY KEY (grain, name)) WITHOUT ROWID";
                command.ExecuteNonQuery();
                _ready = true;
            }

            return work(command);
        }
    }
}
