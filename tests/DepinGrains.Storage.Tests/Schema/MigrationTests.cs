using System.Collections.Immutable;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using DepinGrains.Storage.Tests.Harness;
using DepinGrains.Testing;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Schema;

public sealed class SqliteMigrationTests : MigrationTests
{
    private readonly string _folder = SqliteFile.NewFolder();

    protected override Task<StoreOptions> NewAsync() => Task.FromResult(SqliteFile.Options(_folder));
}

public sealed class PostgresMigrationTests : MigrationTests
{
    protected override async Task<StoreOptions> NewAsync()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        return PostgresDatabase.Options(await (await PostgresCluster.SharedAsync()).NewDatabaseAsync());
    }
}

public abstract class MigrationTests
{
    private static readonly TableDefinition Before = new("lease", [new("state", ColumnType.Text), new("old", ColumnType.Int64)], [new("by_state", ["state"])]);

    protected abstract Task<StoreOptions> NewAsync();

    [Fact]
    public async Task Migrating_twice_and_from_many_processes_at_once_is_fine()
    {
        var options = await NewAsync();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            await using var store = StoreRegistration.Open(options, Kinds.All);
            await store.Migrator.MigrateAsync();
            await store.Migrator.MigrateAsync();
        }));
        await using var last = StoreRegistration.Open(options, Kinds.All);
        Assert.Equal(CommitStatus.Committed, (await last.Rows.CommitAsync(Simple("a", 0))).Status);
    }

    [Fact]
    public async Task A_database_with_rows_gains_tables_columns_and_changed_indexes_and_keeps_what_is_not_named_any_more()
    {
        var options = await NewAsync();
        await using (var old = StoreRegistration.Open(options, [Before]))
        {
            await old.Migrator.MigrateAsync();
            var write = new RootWrite(Id("a"), 0, ["open", 42L], Bytes("{}"));
            Assert.Equal(CommitStatus.Committed, (await old.Rows.CommitAsync(Change(write))).Status);

            // The release before goes on beside the new one: expand, deploy, contract.
            await using var store = StoreRegistration.Open(options, Kinds.All);
            await store.Migrator.MigrateAsync();
            Assert.Equal(["open", null, null], (await store.Rows.ReadAsync(Id("a")))!.Columns);
            Assert.Equal(CommitStatus.Committed, (await store.Rows.CommitAsync(Change(Root("a", 1, "closed", 7), [BidOf("a", "x")]))).Status);
            Assert.Equal(["closed", 42L], (await old.Rows.ReadAsync(Id("a")))!.Columns);
            Assert.Equal(CommitStatus.Committed, (await old.Rows.CommitAsync(Change(write with { ExpectedVersion = 2 }))).Status);
            Assert.Equal(["open", 7L, true], (await store.Rows.ReadAsync(Id("a")))!.Columns);
        }
    }

    /// <summary>A process that leaves the migrating to another asks this before it serves.</summary>
    [Fact]
    public async Task What_a_build_cannot_work_without_is_told_until_it_is_there_and_no_index_is_of_that_kind()
    {
        var options = await NewAsync();
        await using var store = StoreRegistration.Open(options, Kinds.All);
        var problem = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Migrator.NeedAsync());
        Assert.Contains("the first: create the table schema_steps", problem.Message, StringComparison.Ordinal);

        await using var old = StoreRegistration.Open(options, [Before]);
        await old.Migrator.MigrateAsync();
        await old.Migrator.NeedAsync();
        var missing = await store.Migrator.MissingAsync();
        Assert.Contains(missing, static what => what.StartsWith("add the column rows_lease.", StringComparison.Ordinal));
        Assert.Contains(missing, static what => what.StartsWith("create the table rows_", StringComparison.Ordinal));
        Assert.DoesNotContain(missing, static what => what.Contains("index", StringComparison.Ordinal));
        await Assert.ThrowsAsync<StoreSchemaException>(() => store.Migrator.NeedAsync());

        // And the way back stays open: an index that is another now keeps no older build away.
        await store.Migrator.MigrateAsync();
        await store.Migrator.NeedAsync();
        Assert.Contains(await old.Migrator.PendingAsync(), static what => what.Contains("index", StringComparison.Ordinal));
        await old.Migrator.NeedAsync();
    }

    [Fact]
    public async Task A_column_of_another_type_stops_the_migration_with_both_types_named()
    {
        var options = await NewAsync();
        await using (var old = StoreRegistration.Open(options, [Before]))
        {
            await old.Migrator.MigrateAsync();
        }

        await using var store = StoreRegistration.Open(options, [Before with { Columns = [new("state", ColumnType.Int64)], Indexes = [] }]);
        var problem = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Migrator.MigrateAsync());
        Assert.Contains("rows_lease.state", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Lease", "state")]
    [InlineData("lease; DROP TABLE x", "state")]
    [InlineData("lease", "key")]
    [InlineData("lease", "doc")]
    [InlineData("lease", "a\"b")]
    [InlineData("", "state")]
    public void Names_that_could_not_be_columns_are_refused(string kind, string column) =>
        Assert.Throws<ArgumentException>(() => new TableCatalog([new(kind, [new(column, ColumnType.Text)], ImmutableArray<IndexDefinition>.Empty)]));
}
