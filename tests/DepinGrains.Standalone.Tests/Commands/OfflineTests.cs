using System.Diagnostics;
using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>Commands that need no server: completion, the store's schema.</summary>
public sealed class OfflineTests
{
    [Theory]
    [InlineData("depin le", "lease ledger")]
    [InlineData("depin lease sh", "shell show")]
    [InlineData("depin completion b", "bash")]
    [InlineData("depin lease shell --se", "--server --service")]
    public async Task Completion_SourcedInBash_CompletesCommandsAndOptions(string typed, string expected)
    {
        const string Drive = """
            source <(dotnet "$1" completion bash)
            COMP_LINE="$2"; COMP_POINT=${#2}; read -ra COMP_WORDS <<< "$2"; COMP_CWORD=$((${#COMP_WORDS[@]}-1))
            complete -p depin >/dev/null || exit 9
            _depin_complete
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
            """;
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", Drive, "bash", Programs.Dll("DepinGrains.Cli", "depin"), typed])
        {
            start.ArgumentList.Add(argument);
        }

        using var bash = Process.Start(start)!;
        Assert.Equal(expected, (await bash.StandardOutput.ReadToEndAsync()).Trim());
    }

    [Fact]
    public async Task Migrate_OnSqlite_CheckTellsWhatIsPending_AndThenNothingIs()
    {
        var folder = Directory.CreateTempSubdirectory("depin-migrate-");
        try
        {
            await MigrateAsync("--sqlite", Path.Combine(folder.FullName, "a.db"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Migrate_OnPostgreSql_CheckTellsWhatIsPending_AndThenNothingIs()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await MigrateAsync("--postgres", await (await PostgresCluster.SharedAsync()).NewDatabaseAsync());
    }

    [Fact]
    public async Task Migrate_OfAStoreThatIsAway_SaysSoAndEndsWith2()
    {
        var (code, output, error) = await DepinAsync("db", "migrate", "--postgres", "Host=127.0.0.1;Port=1;Username=x;Timeout=2");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("postgres store cannot be used", error, StringComparison.Ordinal);
    }

    private static async Task MigrateAsync(string option, string value)
    {
        var (code, output, _) = await DepinAsync("db", "migrate", "--check", option, value, "-o", "json");
        Assert.Equal(3, code);
        Assert.NotEmpty(JsonNode.Parse(output)!["pending"]!.AsArray());
        (code, _, _) = await DepinAsync("db", "migrate", option, value);
        Assert.Equal(0, code);
        (code, output, _) = await DepinAsync("db", "migrate", "--check", option, value, "-o", "json");
        Assert.Equal(0, code);
        Assert.Empty(JsonNode.Parse(output)!["pending"]!.AsArray());
    }

    private static Task<(int Code, string Out, string Error)> DepinAsync(params string[] line) => Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, line);
}
