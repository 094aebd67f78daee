using System.CommandLine;
using DepinGrains.Storage;

namespace DepinGrains.Cli.Stores;

/// <summary>The options by which a command names the store.</summary>
internal sealed class StoreChoice
{
    public Option<string?> Sqlite { get; } = new("--sqlite") { Description = "file of the SQLite store; without any option standalone's (or Store__Kind and Store__Connection)" };

    public Option<string?> Postgres { get; } = new("--postgres") { Description = "PostgreSQL connection string; secrets are better given as Store__Kind=postgres and Store__Connection" };

    public StoreOptions Options(ParseResult parse)
    {
        var (sqlite, postgres) = (parse.GetValue(Sqlite), parse.GetValue(Postgres));
        var kind = sqlite is not null ? "sqlite" : postgres is not null ? "postgres" : Environment.GetEnvironmentVariable("Store__Kind") ?? "sqlite";
        var connection = sqlite ?? postgres ?? Environment.GetEnvironmentVariable("Store__Connection")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".depin", "standalone", "depin.db");
        return new StoreOptions { Kind = kind, Connection = connection };
    }
}
