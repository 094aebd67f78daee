using System.CommandLine;
using System.Text.Json;
using DepinGrains.Cli.Common;
using DepinGrains.Grains;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Cli.Stores;

/// <summary><c>depin db</c>: the store, for operators; no server needed.</summary>
public static class DbCommands
{
    private const int Pending = 3;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var which = new StoreChoice();
        var check = new Option<bool>("--check") { Description = "change nothing, say what is pending" };
        var migrate = new Command("migrate", "bring the store to what this build needs; it only adds, and may be run beside running silos") { which.Sqlite, which.Postgres, check };
        ExitCodes.Document(migrate, (ExitCodes.Unreachable, "the store is away or cannot be written"), (Pending, "--check: something is pending"));
        migrate.SetAction((parse, cancel) => RunAsync(
            which.Options(parse), parse.GetValue(check), parse.GetValue(GlobalOptions.Output) == OutputFormat.Json, cancel));
        return new Command("db", "the store: its schema, backup and restore") { migrate, DbBackupCommands.Backup(), DbBackupCommands.Restore() };
    }

    private static async Task<int> RunAsync(StoreOptions options, bool check, bool json, CancellationToken cancel)
    {
        try
        {
            var missing = options.Kind == "sqlite" && !File.Exists(options.Connection);
            if (missing && check)
            {
                return Say(options, check, json, [$"create the file {options.Connection} and everything in it"]);
            }

            if (missing)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Connection))!);
            }

            await using var store = StoreRegistration.Open(options, MarketServices.Tables);
            if (missing)
            {
                await store.Migrator.MigrateAsync(cancel);
                return Say(options, check, json, [$"created {options.Connection}"]);
            }

            var pending = await store.Migrator.PendingAsync(cancel);
            if (!check)
            {
                await store.Migrator.MigrateAsync(cancel);
            }

            return Say(options, check, json, pending);
        }
        catch (Exception problem) when (problem is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"the {options.Kind} store cannot be used: {problem.Message}");
            return ExitCodes.Unreachable;
        }
        catch (Exception problem) when (problem is StoreSchemaException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(problem.Message + (problem is StoreSchemaException ? "\nthis database was written by a build that means something else by it; a person must decide" : ""));
            return ExitCodes.Refused;
        }
    }

    private static int Say(StoreOptions options, bool check, bool json, IReadOnlyList<string> steps)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { options.Kind, pending = check ? steps : [], done = check ? [] : steps }, Json));
        }
        else if (steps.Count == 0)
        {
            Console.Out.WriteLine("nothing to do: the store is as this build needs it");
        }
        else
        {
            Console.Out.WriteLine(check ? $"{steps.Count} step(s) pending; 'depin db migrate' takes them:" : $"{steps.Count} step(s) done:");
            foreach (var step in steps)
            {
                Console.Out.WriteLine("  " + step);
            }
        }

        return check && steps.Count > 0 ? Pending : ExitCodes.Done;
    }
}
