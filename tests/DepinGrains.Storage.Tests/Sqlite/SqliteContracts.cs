using DepinGrains.Storage.Tests.Contracts;
using DepinGrains.Storage.Tests.Harness;

namespace DepinGrains.Storage.Tests.Sqlite;

public sealed class SqliteRowTests : RowContract
{
    protected override Task<StoreHarness> OpenAsync() => SqliteFile.OpenAsync();
}

public sealed class SqliteListTests : ListContract
{
    protected override Task<StoreHarness> OpenAsync() => SqliteFile.OpenAsync();
}

public sealed class SqliteEventTests : EventContract
{
    protected override Task<StoreHarness> OpenAsync() => SqliteFile.OpenAsync();
}

public sealed class SqliteJournalTests : JournalContract
{
    protected override Task<StoreHarness> OpenAsync() => SqliteFile.OpenAsync();
}
