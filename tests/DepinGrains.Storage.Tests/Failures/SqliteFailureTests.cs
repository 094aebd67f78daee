using System.Diagnostics;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using Microsoft.Data.Sqlite;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Failures;

public sealed class SqliteFailureTests
{
    [Fact]
    public async Task A_log_cut_anywhere_leaves_whole_change_sets_only()
    {
        var folder = SqliteFile.NewFolder();
        await WriterProcess.RunAndKillAsync(SqliteFile.Options(folder), 120);
        var log = new FileInfo(Path.Combine(folder, "depin.db-wal")).Length;
        Assert.True(log > 0);
        var random = new Random(4);
        for (var i = 0; i < 8; i++)
        {
            var copy = SqliteFile.NewFolder();
            File.Copy(Path.Combine(folder, "depin.db"), Path.Combine(copy, "depin.db"));
            await using (var source = File.OpenRead(Path.Combine(folder, "depin.db-wal")))
            await using (var target = File.Create(Path.Combine(copy, "depin.db-wal")))
            {
                await source.CopyToAsync(target);

                // The schema was written first; a torn write ends anywhere after it, with rubbish where the rest was to go.
                var cut = (long)(log * (0.3 + (0.7 * random.NextDouble())));
                target.SetLength(cut);
                target.Position = cut;
                var rubbish = new byte[random.Next(0, 9_000)];
                random.NextBytes(rubbish);
                await target.WriteAsync(rubbish);
            }

            await using (var store = await OpenedStoreHarness.OpenAsync(SqliteFile.Options(copy)))
            {
                await WriterProcess.AuditAsync(store, []);
                Assert.Equal(CommitStatus.Committed, (await store.Rows.CommitAsync(Simple("after", 0))).Status);
            }

            Directory.Delete(copy, true);
        }

        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task A_full_disk_is_unknown_never_rejected_and_the_store_recovers_by_itself()
    {
        var folder = SqliteFile.NewFolder();
        Assert.SkipUnless(Environment.IsPrivilegedProcess && Shell("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder), "skipped: needs the right to mount a small file system");
        try
        {
            var options = SqliteFile.Options(folder);
            options.RetryFor = TimeSpan.FromMilliseconds(300);
            await using var store = await OpenedStoreHarness.OpenAsync(options);
            await File.WriteAllBytesAsync(Path.Combine(folder, "filler"), new byte[1_500_000]);
            var committed = new Dictionary<string, long>();
            var unknown = 0;
            for (var i = 0; unknown < 3; i++)
            {
                Assert.True(i < 200, "the disk never filled up");
                var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => store.Rows.CommitAsync(Big($"k{i}-{n}", 0)).AsTask()));
                for (var n = 0; n < 4; n++)
                {
                    Assert.True(outcomes[n].Status is CommitStatus.Committed or CommitStatus.Unknown, outcomes[n].ToString());
                    committed[$"k{i}-{n}"] = outcomes[n].Status == CommitStatus.Committed ? 1 : -1;
                    unknown += outcomes[n].Status == CommitStatus.Unknown ? 1 : 0;
                }
            }

            File.Delete(Path.Combine(folder, "filler"));
            Assert.Equal(CommitStatus.Committed, (await store.Rows.CommitAsync(Simple("after", 0))).Status);
            foreach (var (key, version) in committed.Where(c => c.Value == 1))
            {
                Assert.Equal(version, (await store.Rows.ReadAsync(Id(key)))?.Version);
            }

            foreach (var (key, _) in committed)
            {
                var row = await store.Rows.ReadAsync(Id(key));
                Assert.Equal(row is null ? 0 : 1, (await store.Rows.ReadChildrenAsync("bid", key, null, 10)).Length);
            }
        }
        finally
        {
            Shell("umount", "-l", folder);
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public async Task A_file_locked_by_another_program_is_waited_for_and_then_unknown()
    {
        var folder = SqliteFile.NewFolder();
        var options = SqliteFile.Options(folder);
        options.RetryFor = TimeSpan.FromMilliseconds(100);
        await using (var store = await OpenedStoreHarness.OpenAsync(options))
        {
            await using var other = new SqliteConnection($"Data Source={options.Connection};Pooling=False");
            await other.OpenAsync();
            Execute(other, "BEGIN IMMEDIATE");
            var outcome = await store.Rows.CommitAsync(Simple("a", 0)).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(CommitStatus.Unknown, outcome.Status);
            Assert.Contains("nothing was written", outcome.Problem, StringComparison.Ordinal);
            Execute(other, "ROLLBACK");
            Assert.Equal(CommitStatus.Committed, (await store.Rows.CommitAsync(Simple("a", 0))).Status);
        }

        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task A_path_that_cannot_be_opened_is_unknown_for_writers_and_an_exception_for_readers()
    {
        var folder = SqliteFile.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "depin.db"));
        var options = SqliteFile.Options(folder);
        options.RetryFor = TimeSpan.FromMilliseconds(100);
        await using (var store = StoreRegistration.Open(options, All))
        {
            Assert.Equal(CommitStatus.Unknown, (await store.Rows.CommitAsync(Simple("a", 0))).Status);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Rows.ReadAsync(Id("a")));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Migrator.MigrateAsync());
        }

        Directory.Delete(folder, true);
    }

    private static ChangeSet Big(string key, long expected)
    {
        var bytes = new byte[20_000];
        new Random(key.Length).NextBytes(bytes);
        return Change(new RootWrite(Id(key), expected, [null, null, null], bytes), [BidOf(key, "x")]);
    }

    private static bool Shell(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true });
        process!.WaitForExit();
        return process.ExitCode == 0;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
