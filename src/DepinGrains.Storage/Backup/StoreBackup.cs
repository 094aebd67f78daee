namespace DepinGrains.Storage.Backup;

/// <summary>
/// Copies of a whole store, made while hosts write to it: everything acknowledged before the copy began is in it, nothing half-done is. Secrets stay sealed as they are in the store; without the host's master
/// key (<c>secrets.key</c> of standalone) they cannot be opened again.
/// </summary>
public static class StoreBackup
{
    /// <summary>Writes a backup to a file that must not exist yet; it has its name only when it is whole and flushed. Answers its bytes. <see cref="StoreBackupException"/> says why not.</summary>
    public static async Task<long> SaveAsync(StoreOptions options, string file, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var part = Prepare(file);
        try
        {
            if (options.Kind == "sqlite")
            {
                await Task.Run(() => SqliteBackup.Save(options.Connection, part), cancel).ConfigureAwait(false);
            }
            else
            {
                await PgBackup.SaveAsync(options.Connection, part, cancel).ConfigureAwait(false);
            }

            using (var written = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
            }

            File.Move(part, file, overwrite: false);
            return new FileInfo(file).Length;
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>
    /// Makes a store of a backup: a SQLite file that does not exist yet, or a PostgreSQL database that holds nothing. Never over a store that is there. No host may use it before this has ended.
    /// </summary>
    public static async Task RestoreAsync(StoreOptions options, string file, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!File.Exists(file))
        {
            throw new StoreBackupException($"there is no backup {file}");
        }

        if (options.Kind == "sqlite")
        {
            await Task.Run(() => SqliteBackup.Restore(file, options.Connection), cancel).ConfigureAwait(false);
        }
        else
        {
            await PgBackup.RestoreAsync(options.Connection, file, cancel).ConfigureAwait(false);
        }
    }

    private static string Prepare(string file)
    {
        if (File.Exists(file))
        {
            throw new StoreBackupException($"{file} exists already");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        Directory.CreateDirectory(folder);
        var part = file + ".part";
        File.Delete(part);
        return part;
    }
}

/// <summary>A backup or restore that cannot be; the message is for an operator.</summary>
public sealed class StoreBackupException(string message, Exception? inner = null) : Exception(message, inner);
