using DepinGrains.Storage.Tests.Contracts;
using DepinGrains.Storage.Tests.Harness;

namespace DepinGrains.Storage.Tests.InMemory;

public sealed class InMemoryRowTests : RowContract
{
    protected override Task<StoreHarness> OpenAsync() => Task.FromResult<StoreHarness>(new MemoryHarness());
}

public sealed class InMemoryListTests : ListContract
{
    protected override Task<StoreHarness> OpenAsync() => Task.FromResult<StoreHarness>(new MemoryHarness());
}

public sealed class InMemoryEventTests : EventContract
{
    protected override Task<StoreHarness> OpenAsync() => Task.FromResult<StoreHarness>(new MemoryHarness());
}

public sealed class InMemoryJournalTests : JournalContract
{
    protected override Task<StoreHarness> OpenAsync() => Task.FromResult<StoreHarness>(new MemoryHarness());
}
