using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Postgres;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;
using Npgsql;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Postgres;

/// <summary>A database of before events were written a change set a row: what is in it is read on, what older versions go on writing too, and only when none can be left is the new form written.</summary>
public sealed class EventSetTests
{
    private const string OldWriter = "INSERT INTO events(at_us, topic, type, subject, data) SELECT 0, 't', 'x', u, '' FROM unnest($1::text[]) AS u";

    [Fact]
    public async Task An_older_database_writes_rows_until_no_older_version_can_be_reading_beside_and_is_one_log_all_along()
    {
        var time = new SetClock();
        var connection = await OldDatabaseAsync();
        await using (var store = await OpenAsync(connection, time))
        {
            await CommitAsync(store, 0, "first");
        }

        // Tried again meanwhile, as a job is that did not come through.
        time.Now += TimeSpan.FromMinutes(59);
        await using (var store = await OpenAsync(connection, time))
        {
            Assert.Empty(await store.Migrator.PendingAsync());
            await CommitAsync(store, 1, "second");
            Assert.Equal(0, await NumberAsync(connection, "SELECT count(*) FROM event_sets"));
        }

        time.Now += TimeSpan.FromMinutes(2);
        await using (var store = await OpenAsync(connection, time))
        {
            await CommitAsync(store, 2, "third", "fourth");
            await RunAsync(connection, OldWriter, "late");
            await CommitAsync(store, 3, "fifth");
            Assert.Equal(2, await NumberAsync(connection, "SELECT count(*) FROM event_sets"));

            string[] all = ["old 1", "old 2", "first", "second", "third", "fourth", "late", "fifth"];
            var page = await store.Events.ReadAsync(0, "t", 100);
            Assert.Equal(all, page.Events.Select(static e => e.Subject));
            for (var i = 0; i < all.Length; i++)
            {
                Assert.Equal(all[i..].Take(3), (await store.Events.ReadAsync(i == 0 ? 0 : page.Events[i - 1].Position, null, 3)).Events.Select(static e => e.Subject));
            }

            // The next two are one set: they would be more than asked.
            Assert.Equal(4, await store.Events.TrimAsync(DateTimeOffset.MaxValue, 5));
            Assert.Equal(all[4..], (await store.Events.ReadAsync(page.Events[3].Position, "t", 9)).Events.Select(static e => e.Subject));
            Assert.True((await store.Events.ReadAsync(page.Events[2].Position, "t", 9)).Gone);
        }
    }

    [Fact]
    public async Task Trimming_leaves_nothing_of_what_it_drops()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var connection = await (await PostgresCluster.SharedAsync()).NewDatabaseAsync();
        await using var store = await OpenAsync(connection, TimeProvider.System);
        for (var i = 0; i < 4; i++)
        {
            await CommitAsync(store, i, $"{i}a", $"{i}b");
        }

        Assert.Equal(0, await NumberAsync(connection, "SELECT count(*) FROM events"));
        var kept = (await store.Events.ReadAsync(0, null, 100)).Events[6..];
        Assert.Equal(6, await store.Events.TrimAsync(DateTimeOffset.MaxValue, 7));
        Assert.Equal((1, 1), (await NumberAsync(connection, "SELECT count(*) FROM event_sets"), await NumberAsync(connection, "SELECT count(*) FROM event_topics")));
        Assert.Equal(kept.Select(static e => (e.Position, e.Subject)), (await store.Events.ReadAsync(await store.Events.TrimmedAsync(), "t", 100)).Events.Select(static e => (e.Position, e.Subject)));
        Assert.Equal(2, await store.Events.TrimAsync(DateTimeOffset.MaxValue, 1));
        Assert.Equal(kept[^1].Position, await store.Events.HeadAsync());
    }

    [Fact]
    public async Task Indexes_that_only_older_versions_keep_go_with_them()
    {
        var time = new SetClock();
        var connection = await OldDatabaseAsync();
        await RunAsync(connection, "CREATE INDEX ix_lease_node ON rows_lease(\"key\")");
        await (await OpenAsync(connection, time)).DisposeAsync();
        Assert.Equal(1, await NumberAsync(connection, "SELECT count(*) FROM pg_indexes WHERE indexname='ix_lease_node'"));
        time.Now += TimeSpan.FromHours(1);
        await (await OpenAsync(connection, time)).DisposeAsync();
        Assert.Equal(0, await NumberAsync(connection, "SELECT count(*) FROM pg_indexes WHERE indexname='ix_lease_node'"));
    }

    /// <summary>As the version before left it, with two events.</summary>
    private static async Task<string> OldDatabaseAsync()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var connection = await (await PostgresCluster.SharedAsync()).NewDatabaseAsync();
        await (await OpenAsync(connection, TimeProvider.System)).DisposeAsync();
        await RunAsync(connection, "DROP TABLE event_sets, event_topics; DELETE FROM store_meta WHERE name='event_sets'");
        await RunAsync(connection, "DELETE FROM schema_steps WHERE number=11");
        await RunAsync(connection, OldWriter, "old 1", "old 2");
        return connection;
    }

    private static async Task<DepinStore> OpenAsync(string connection, TimeProvider time)
    {
        var store = StoreRegistration.Open(PostgresDatabase.Options(connection), Kinds.All, time);
        await store.Migrator.MigrateAsync();
        return store;
    }

    private static async Task CommitAsync(DepinStore store, long version, params string[] subjects)
    {
        var outcome = await store.Rows.CommitAsync(Change(Root("a", version), events: [.. subjects.Select(static s => Event("t", s))]));
        Assert.Equal(CommitStatus.Committed, outcome.Status);
    }

    private static async Task RunAsync(string connection, string sql, params string[] texts)
    {
        await using var open = new NpgsqlConnection(connection + ";Pooling=false");
        await open.OpenAsync();
        await using var command = new NpgsqlCommand(sql, open);
        if (texts.Length > 0)
        {
            command.Parameters.Add(PgParameters.Texts(texts));
        }

        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> NumberAsync(string connection, string sql)
    {
        await using var open = new NpgsqlConnection(connection + ";Pooling=false");
        await open.OpenAsync();
        await using var command = new NpgsqlCommand(sql, open);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
