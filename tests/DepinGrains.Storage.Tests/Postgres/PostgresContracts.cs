using DepinGrains.Storage.Tests.Contracts;
using DepinGrains.Storage.Tests.Harness;

namespace DepinGrains.Storage.Tests.Postgres;

public sealed class PostgresRowTests : RowContract
{
    protected override Task<StoreHarness> OpenAsync() => PostgresDatabase.OpenAsync();
}

public sealed class PostgresListTests : ListContract
{
    protected override Task<StoreHarness> OpenAsync() => PostgresDatabase.OpenAsync();
}

public sealed class PostgresEventTests : EventContract
{
    protected override Task<StoreHarness> OpenAsync() => PostgresDatabase.OpenAsync();
}

public sealed class PostgresJournalTests : JournalContract
{
    protected override Task<StoreHarness> OpenAsync() => PostgresDatabase.OpenAsync();
}
