using DepinGrains.Storage.Backup;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Backup;

public sealed class BackupTests : IDisposable
{
    private const string NeedsClients = "skipped: needs pg_dump and pg_restore on the PATH";
    private readonly string _folder = SqliteFile.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_backup_taken_under_load_holds_all_that_was_acknowledged_before_and_nothing_half_done(string kind)
    {
        var (source, target) = (await OptionsAsync(kind, "source.db"), await OptionsAsync(kind, "target.db"));
        var file = Path.Combine(_folder, "store.backup");
        long before;
        await using (var store = await OpenedStoreHarness.OpenAsync(source))
        {
            using var stop = new CancellationTokenSource();
            var written = 0L;
            var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
            {
                for (var v = 0L; !stop.IsCancellationRequested; v++)
                {
                    var outcome = await store.Rows.CommitAsync(Change(Root($"w{w}", v), [BidOf($"w{w}", $"{v:D6}")], events: [Event("t", $"w{w}/{v}")]));
                    Assert.Equal(CommitStatus.Committed, outcome.Status);
                    Interlocked.Increment(ref written);
                }
            })).ToArray();
            await WaitAsync(() => Interlocked.Read(ref written) >= 100);
            before = Interlocked.Read(ref written);
            Assert.True(await StoreBackup.SaveAsync(source, file) > 0);
            var during = Interlocked.Read(ref written);
            await WaitAsync(() => Interlocked.Read(ref written) > during);
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        await StoreBackup.RestoreAsync(target, file);
        await using var restored = await OpenedStoreHarness.OpenAsync(target);
        var versions = new List<long>();
        for (var w = 0; w < 4; w++)
        {
            versions.Add((await restored.Rows.ReadAsync(Id($"w{w}")))?.Version ?? 0);
            Assert.Equal(versions[^1], (await restored.Rows.ReadChildrenAsync("bid", $"w{w}", null, 1_000_000)).Length);
        }

        Assert.True(versions.Sum() >= before, $"{before} were acknowledged before the backup began, {versions.Sum()} are in it");
        Assert.Equal(CommitStatus.Committed, (await restored.Rows.CommitAsync(Simple("w0", versions[0]))).Status);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_restore_never_writes_over_a_store_that_is_there(string kind)
    {
        var (source, target) = (await OptionsAsync(kind, "source.db"), await OptionsAsync(kind, "target.db"));
        var file = Path.Combine(_folder, "store.backup");
        await using (var store = await OpenedStoreHarness.OpenAsync(source))
        {
            await store.Rows.CommitAsync(Simple("a", 0));
            await StoreBackup.SaveAsync(source, file);
        }

        await using (var other = await OpenedStoreHarness.OpenAsync(target))
        {
            await other.Rows.CommitAsync(Simple("mine", 0));
        }

        await Assert.ThrowsAsync<StoreBackupException>(() => StoreBackup.RestoreAsync(target, file));
        await using var again = await OpenedStoreHarness.OpenAsync(target);
        Assert.NotNull(await again.Rows.ReadAsync(Id("mine")));
        Assert.Null(await again.Rows.ReadAsync(Id("a")));
    }

    [Fact]
    public async Task A_backup_does_not_replace_another_and_a_damaged_one_is_not_restored()
    {
        var source = await OptionsAsync("sqlite", "source.db");
        var file = Path.Combine(_folder, "store.backup");
        await using (var store = await OpenedStoreHarness.OpenAsync(source))
        {
            await store.Rows.CommitAsync(Simple("a", 0, state: new string('x', 100_000)));
            await StoreBackup.SaveAsync(source, file);
            await Assert.ThrowsAsync<StoreBackupException>(() => StoreBackup.SaveAsync(source, file));
        }

        var bytes = await File.ReadAllBytesAsync(file);
        var target = Path.Combine(_folder, "target.db");
        await File.WriteAllBytesAsync(file, bytes[..(bytes.Length / 2)]);
        await Assert.ThrowsAsync<StoreBackupException>(() => StoreBackup.RestoreAsync(new StoreOptions { Connection = target }, file));
        await File.WriteAllTextAsync(file, "not a database, whatever its name says, and long enough to be looked at");
        await Assert.ThrowsAsync<StoreBackupException>(() => StoreBackup.RestoreAsync(new StoreOptions { Connection = target }, file));
        Assert.False(File.Exists(target));
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 3_000, "30 seconds passed");
            await Task.Delay(10);
        }
    }

    private async Task<StoreOptions> OptionsAsync(string kind, string name)
    {
        if (kind == "sqlite")
        {
            return new StoreOptions { Connection = Path.Combine(_folder, name) };
        }

        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static p => File.Exists(Path.Combine(p, "pg_dump"))), NeedsClients);
        var cluster = await PostgresCluster.SharedAsync();
        return PostgresDatabase.Options(await cluster.NewDatabaseAsync());
    }
}
