using System.CommandLine;
using System.Text.Json;
using DepinGrains.Cli.Common;
using DepinGrains.Storage.Backup;
using Npgsql;

namespace DepinGrains.Cli.Stores;

/// <summary><c>depin db backup</c> and <c>depin db restore</c>.</summary>
internal static class DbBackupCommands
{
    public static Command Backup()
    {
        var which = new StoreChoice();
        var file = new Argument<string>("file") { Description = "the backup to write; must not exist" };
        var backup = new Command("backup", "copy the store to a file while hosts go on writing (PostgreSQL: by pg_dump)") { file, which.Sqlite, which.Postgres };
        ExitCodes.Document(backup, (ExitCodes.Unreachable, "the store is away"));
        backup.SetAction((parse, cancel) => RunAsync(parse, async () =>
        {
            var bytes = await StoreBackup.SaveAsync(which.Options(parse), parse.GetValue(file)!, cancel);
            return (new { file = parse.GetValue(file), bytes }, $"{parse.GetValue(file)}: {bytes:N0} bytes");
        }));
        return backup;
    }

    public static Command Restore()
    {
        var which = new StoreChoice();
        var file = new Argument<string>("file") { Description = "a backup that 'depin db backup' wrote" };
        var restore = new Command("restore", "make a store of a backup, never over one that is there; hosts stay stopped meanwhile (PostgreSQL: by pg_restore)") { file, which.Sqlite, which.Postgres };
        ExitCodes.Document(restore, (ExitCodes.Unreachable, "the database is away"));
        restore.SetAction((parse, cancel) => RunAsync(parse, async () =>
        {
            var options = which.Options(parse);
            await StoreBackup.RestoreAsync(options, parse.GetValue(file)!, cancel);
            return (new { file = parse.GetValue(file), options.Kind }, $"restored {parse.GetValue(file)}; start the host, then 'depin ledger verify'");
        }));
        return restore;
    }

    private static async Task<int> RunAsync<T>(ParseResult parse, Func<Task<(T Json, string Text)>> work)
    {
        try
        {
            var (json, text) = await work();
            Console.Out.WriteLine(parse.GetValue(GlobalOptions.Output) == OutputFormat.Json ? JsonSerializer.Serialize(json, JsonSerializerOptions.Web) : text);
            return ExitCodes.Done;
        }
        catch (StoreBackupException problem)
        {
            await Console.Error.WriteLineAsync(problem.Message);
            return ExitCodes.Refused;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or NpgsqlException or ArgumentException)
        {
            await Console.Error.WriteLineAsync("the store cannot be used: " + problem.Message);
            return problem is NpgsqlException ? ExitCodes.Unreachable : ExitCodes.Refused;
        }
    }
}
