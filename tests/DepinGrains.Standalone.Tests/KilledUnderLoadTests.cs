using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests;

/// <summary>kill -9 of the whole host, again and again, while eight tenants work without a pause, leases opened and closed among it: what was acknowledged is there, what was sent twice happened once, the books are clean, and no room and no money is held for nobody.</summary>
public sealed class KilledUnderLoadTests : IDisposable
{
    private const int Kills = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("depin-killed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Sqlite_loses_and_doubles_nothing() => RunAsync();

    [Fact]
    public async Task PostgreSql_loses_and_doubles_nothing()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await RunAsync("--Store:Kind", "postgres", "--Store:Connection", await (await PostgresCluster.SharedAsync()).NewDatabaseAsync());
    }

    private async Task RunAsync(params string[] store)
    {
        await using var standalone = new StandaloneProcess(Path.Combine(_folder, "standalone"), ["--Standalone:Agent", "false", "--Liveness:DeadIntervals", "60", .. store]);
        await standalone.StartAsync();
        await using var load = new Load(standalone.Url, 8, leases: true);
        await load.BeginAsync();
        for (var kill = 0; kill < Kills; kill++)
        {
            // Never the same distance twice: what is cut short is another step each time.
            await load.ProgressAsync(50 + (37 * kill));
            await standalone.KillAsync();
            await standalone.StartAsync();
        }

        await load.ProgressAsync(100);
        await load.AuditAsync();
        await load.NothingIsLeftOverAsync();
        await load.BooksAreCleanAsync();

        // And all of it is on the disk.
        await standalone.KillAsync();
        await standalone.StartAsync();
        await load.CheckAsync();
        await load.NothingIsLeftOverAsync();
        await load.BooksAreCleanAsync();
    }
}
