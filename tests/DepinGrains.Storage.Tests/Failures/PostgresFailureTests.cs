using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Postgres;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;
using Npgsql;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Failures;

public sealed class PostgresFailureTests
{
    private static readonly byte[] Me = [7];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_lost_in_the_commit_is_resolved_by_reading_back(bool committed)
    {
        var (cluster, connection) = await DatabaseAsync();
        using var proxy = new CuttingProxy(cluster.Port);
        await using var store = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(Through(proxy, connection)));
        for (var i = 0; i < 8; i++)
        {
            await CommitAsync(store, "warm", i);
        }

        for (var i = 8; i < 16; i++)
        {
            Arm(proxy, committed, "COMMIT\0", $"row{i}");
            var outcomes = await Task.WhenAll(CommitAsync(store, "warm", i), CommitAsync(store, $"row{i}", 0));
            Assert.All(outcomes, o => Assert.Equal(CommitStatus.Committed, o.Status));
            Assert.Equal(i - 7, proxy.Cuts);
        }

        Assert.Equal(16, (await store.Rows.ReadAsync(Id("warm")))!.Version);
        Assert.Equal(16, (await store.Rows.ReadChildrenAsync("bid", "warm", null, 100)).Length);
        var events = (await store.Events.ReadAsync(0, null, 1_000)).Events;
        Assert.Equal(24, events.Length);
        Assert.Equal(24, events.Select(e => e.Subject).Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_append_whose_answer_was_lost_is_resolved_by_reading_back(bool written)
    {
        var (cluster, connection) = await DatabaseAsync();
        using var proxy = new CuttingProxy(cluster.Port);
        await using var store = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(Through(proxy, connection)));
        for (var i = 1; i <= 12; i++)
        {
            if (i > 6)
            {
                Arm(proxy, written, "INSERT 0 1\0", $"batch {i}");
            }

            Assert.Equal(AppendStatus.Appended, await store.Journal.AppendAsync("t", new JournalBatch(i, DateTimeOffset.UnixEpoch, Bytes($"batch {i}")), Me));
        }

        Assert.Equal(6, proxy.Cuts);
        Assert.Equal(12, (await store.Journal.ReadAsync("t", 0).ToListAsync()).Count);
    }

    [Fact]
    public async Task A_storm_of_terminated_backends_loses_and_doubles_nothing()
    {
        var (cluster, connection) = await DatabaseAsync();
        await using var store = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(connection));
        using var stop = new CancellationTokenSource();
        var storm = Task.Run(async () =>
        {
            var name = new NpgsqlConnectionStringBuilder(connection).Database;
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await cluster.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{name}' AND pid % 2 = {i % 2}");
                await Task.Delay(15);
            }
        });
        var committed = await HammerAsync(store, writers: 24, each: 30);
        await stop.CancelAsync();
        await storm;
        await AuditAsync(store, committed);
    }

    [Fact]
    public async Task A_server_that_crashes_under_load_and_comes_back_loses_and_doubles_nothing()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await using var cluster = await PostgresCluster.StartAsync();
        await using var store = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(await cluster.NewDatabaseAsync()));
        var load = HammerAsync(store, writers: 16, each: 60);
        for (var i = 0; i < 2; i++)
        {
            var before = (await store.Events.HeadAsync());
            await store.Events.WaitAsync(before + 20, TimeSpan.FromSeconds(2));
            await cluster.StopServerAsync("immediate");
            await cluster.StartServerAsync();
        }

        await AuditAsync(store, await load);
    }

    [Fact]
    public async Task A_database_away_for_longer_than_the_retry_time_is_unknown_and_then_works_again_by_itself()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await using var cluster = await PostgresCluster.StartAsync();
        var options = PostgresDatabase.Options(await cluster.NewDatabaseAsync());
        options.RetryFor = TimeSpan.FromMilliseconds(500);
        await using var store = await OpenedStoreHarness.OpenAsync(options);
        await CommitAsync(store, "a", 0);
        await cluster.StopServerAsync();
        var outcome = await CommitAsync(store, "a", 1);
        Assert.Equal(CommitStatus.Unknown, outcome.Status);
        Assert.Equal(AppendStatus.Unknown, await store.Journal.AppendAsync("t", new JournalBatch(1, DateTimeOffset.UnixEpoch, Bytes("x")), Me));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Rows.ReadAsync(Id("a")));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Journal.IndexAsync("t", 0, 1, [], []));
        await cluster.StartServerAsync();
        Assert.Equal(1, (await store.Rows.ReadAsync(Id("a")))!.Version);
        Assert.Equal(2, (await CommitAsync(store, "a", 1)).Version);
        Assert.Equal(AppendStatus.Appended, await store.Journal.AppendAsync("t", new JournalBatch(1, DateTimeOffset.UnixEpoch, Bytes("x")), new byte[] { 8 }));
    }

    [Fact]
    public async Task Two_processes_on_the_same_roots_let_one_in_per_version()
    {
        var (_, connection) = await DatabaseAsync();
        await using var one = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(connection));
        await using var two = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(connection));
        for (var version = 0; version < 20; version++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? one : two).Rows.CommitAsync(Simple($"r{(i * 7) % 10}", version, $"{i}")).AsTask()));
            Assert.Equal(10, outcomes.Count(o => o.Status == CommitStatus.Committed));
            Assert.Equal(30, outcomes.Count(o => o.Status == CommitStatus.Conflict && o.Version == version + 1));
        }
    }

    [Fact]
    public async Task An_event_waits_for_an_older_position_that_is_not_committed_yet()
    {
        var (_, connection) = await DatabaseAsync();
        await using var store = await OpenedStoreHarness.OpenAsync(PostgresDatabase.Options(connection));
        await CommitAsync(store, "a", 0);
        var before = (await store.Events.ReadAsync(0, null, 10)).Position;

        // Another process between the assignment of its position and its commit.
        await using var other = new NpgsqlConnection(connection + ";Pooling=false");
        await other.OpenAsync();
        await ExecuteAsync(other, $"BEGIN; SELECT pg_advisory_xact_lock({PgRowWriter.EventLock}); INSERT INTO events(at_us, topic, type, subject, data) VALUES(0, 't', 'x', 'older', '')");
        var younger = CommitAsync(store, "a", 1);
        for (var i = 0; await CountAsync(other, "SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND NOT granted AND database=(SELECT oid FROM pg_database WHERE datname=current_database())") == 0; i++)
        {
            Assert.False(younger.IsCompleted, "a younger position was committed before an older one");
            Assert.True(i < 1_000, "nobody waits for the lock");
            await Task.Delay(10);
        }

        var meanwhile = await store.Events.ReadAsync(before, null, 10);
        Assert.Equal((0, before), (meanwhile.Events.Length, meanwhile.Position));
        await ExecuteAsync(other, "COMMIT");
        Assert.Equal(CommitStatus.Committed, (await younger).Status);
        Assert.Equal(["older", "a/1"], (await store.Events.ReadAsync(meanwhile.Position, null, 10)).Events.Select(e => e.Subject));
    }

    /// <summary>Writers that reload after anything but success; the version each of them reached.</summary>
    private static async Task<long[]> HammerAsync(StoreHarness store, int writers, int each) =>
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            var version = 0L;
            var acknowledged = 0L;
            while (version < each)
            {
                var outcome = await CommitAsync(store, $"w{w}", version);
                if (outcome.Status == CommitStatus.Committed)
                {
                    Assert.Equal(version + 1, outcome.Version);
                    acknowledged = version = outcome.Version;
                    continue;
                }

                Assert.Equal(CommitStatus.Unknown, outcome.Status);
                version = await ReloadAsync(store, $"w{w}");
                Assert.True(version >= acknowledged);
            }

            return version;
        })));

    /// <summary>What the writers saw committed, and nothing twice, stands in rows, children and events. After the fault: a read may refuse while the storm goes on.</summary>
    private static async Task AuditAsync(StoreHarness store, long[] committed)
    {
        var events = (await store.Events.ReadAsync(0, null, 100_000)).Events;
        Assert.Equal(committed.Sum(), events.Length);
        Assert.Equal(events.Length, events.Select(e => e.Subject).Distinct().Count());
        for (var w = 0; w < committed.Length; w++)
        {
            Assert.Equal(committed[w], (await store.Rows.ReadAsync(Id($"w{w}")))!.Version);
            Assert.Equal(committed[w], (await store.Rows.ReadChildrenAsync("bid", $"w{w}", null, 10_000)).Length);
        }
    }

    private static async Task<long> ReloadAsync(StoreHarness store, string key)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return (await store.Rows.ReadAsync(Id(key)))?.Version ?? 0;
            }
            catch (StoreUnavailableException) when (attempt < 1_200)
            {
                await Task.Delay(50);
            }
        }
    }

    private static async Task<CommitOutcome> CommitAsync(StoreHarness store, string key, long version) =>
        await store.Rows.CommitAsync(Change(Root(key, version), [BidOf(key, $"{version:D6}")], events: [Event("t", $"{key}/{version}")]));

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static void Arm(CuttingProxy proxy, bool afterwards, string answer, string request)
    {
        if (afterwards)
        {
            proxy.SwallowAnswer(answer);
        }
        else
        {
            proxy.SwallowRequest(request);
        }
    }

    private static string Through(CuttingProxy proxy, string connection) =>
        new NpgsqlConnectionStringBuilder(connection) { Port = proxy.Port }.ToString();

    private static async Task<(PostgresCluster Cluster, string Connection)> DatabaseAsync()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var cluster = await PostgresCluster.SharedAsync();
        return (cluster, await cluster.NewDatabaseAsync());
    }
}
