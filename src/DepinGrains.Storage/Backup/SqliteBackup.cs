using Microsoft.Data.Sqlite;

namespace DepinGrains.Storage.Backup;

/// <summary>SQLite: <c>VACUUM INTO</c> reads one snapshot beside the writer (WAL) and leaves a file of its own, without a log.</summary>
internal static class SqliteBackup
{
    public static void Save(string store, string file)
    {
        if (!File.Exists(store))
        {
            throw new StoreBackupException($"there is no store {store}");
        }

        using var connection = Open(store, SqliteOpenMode.ReadWrite);
        Execute(connection, "PRAGMA query_only=OFF");
        using var copy = connection.CreateCommand();
        copy.CommandText = "VACUUM INTO $file";
        copy.Parameters.AddWithValue("$file", file);
        copy.CommandTimeout = 0;
        try
        {
            copy.ExecuteNonQuery();
        }
        catch (SqliteException problem)
        {
            throw new StoreBackupException($"{store} cannot be copied: {problem.Message}", problem);
        }
    }

    public static void Restore(string file, string store)
    {
        foreach (var path in (string[])[store, store + "-wal", store + "-shm"])
        {
            if (File.Exists(path))
            {
                throw new StoreBackupException($"{path} exists: stop the host and move the store (with its -wal and -shm) out of the way first");
            }
        }

        Check(file);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(store))!);
        var part = store + ".part";
        try
        {
            File.Copy(file, part, overwrite: true);
            using (var written = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
            }

            File.Move(part, store, overwrite: false);
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static void Check(string file)
    {
        try
        {
            using var connection = Open(file, SqliteOpenMode.ReadOnly);
            using var check = connection.CreateCommand();
            check.CommandText = "PRAGMA integrity_check(1)";
            check.CommandTimeout = 0;
            if (check.ExecuteScalar() is not "ok")
            {
                throw new StoreBackupException($"{file} is damaged: SQLite's integrity check fails");
            }

            check.CommandText = "SELECT count(*) FROM sqlite_master WHERE name='schema_steps'";
            if (check.ExecuteScalar() is not >= 1L)
            {
                throw new StoreBackupException($"{file} is not a backup of a store");
            }
        }
        catch (SqliteException problem)
        {
            throw new StoreBackupException($"{file} is not a backup of a store: {problem.Message}", problem);
        }
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, Mode = mode, DefaultTimeout = 30 }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
