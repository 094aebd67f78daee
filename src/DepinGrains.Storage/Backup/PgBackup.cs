using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace DepinGrains.Storage.Backup;

/// <summary>PostgreSQL: its own <c>pg_dump</c> (one snapshot, custom format) and <c>pg_restore</c> (one transaction), which must be on the PATH, of the server's version or newer.</summary>
internal static class PgBackup
{
    private const int ErrorCharactersMax = 2_000;

    public static Task SaveAsync(string connection, string file, CancellationToken cancel) =>
        RunAsync("pg_dump", connection, ["--format=custom", "--no-owner", "--no-privileges", "--file", file], cancel);

    public static async Task RestoreAsync(string connection, string file, CancellationToken cancel)
    {
        var target = new NpgsqlConnection(connection);
        await using (target.ConfigureAwait(false))
        {
            await target.OpenAsync(cancel).ConfigureAwait(false);
            var count = new NpgsqlCommand("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE 'pg_%' AND c.relkind='r'", target);
            await using (count.ConfigureAwait(false))
            {
                if (await count.ExecuteScalarAsync(cancel).ConfigureAwait(false) is not 0L)
                {
                    throw new StoreBackupException($"the database {target.Database} holds tables already: restore into an empty one");
                }
            }
        }

        await RunAsync("pg_restore", connection, ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", new NpgsqlConnectionStringBuilder(connection).Database ?? "postgres", file], cancel)
            .ConfigureAwait(false);
    }

    private static async Task RunAsync(string program, string connection, string[] arguments, CancellationToken cancel)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardInput = true };
        // By environment: a password among the arguments is everybody's to read.
        start.Environment["PGHOST"] = settings.Host ?? "127.0.0.1";
        start.Environment["PGPORT"] = settings.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGDATABASE"] = settings.Database ?? "postgres";
        Set(start, "PGUSER", settings.Username);
        Set(start, "PGPASSWORD", settings.Password);
        Set(start, "PGSSLROOTCERT", settings.RootCertificate);
        start.Environment["PGSSLMODE"] = settings.SslMode switch
        {
            SslMode.VerifyFull => "verify-full",
            SslMode.VerifyCA => "verify-ca",
            var mode => mode.ToString().ToLowerInvariant(),
        };
        using var process = Start(start);
        process.StandardInput.Close();
        try
        {
            var said = await process.StandardError.ReadToEndAsync(cancel).ConfigureAwait(false);
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
            if (process.ExitCode != 0)
            {
                throw new StoreBackupException($"{program} ended with {process.ExitCode}: {(said.Length > ErrorCharactersMax ? said[..ErrorCharactersMax] : said).Trim()}");
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static void Set(ProcessStartInfo start, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            start.Environment[name] = value;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new StoreBackupException($"{start.FileName} does not start");
        }
        catch (Win32Exception problem)
        {
            throw new StoreBackupException($"{start.FileName} is needed on the PATH (PostgreSQL's client programs): {problem.Message}", problem);
        }
    }
}
