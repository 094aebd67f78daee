using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Tests.Harness;

/// <summary>A real store opened from options.</summary>
public sealed class OpenedStoreHarness(DepinStore store, Func<Task<StoreHarness?>> second, Func<ValueTask> cleanUp) : StoreHarness
{
    public override IRowStore Rows => store.Rows;

    public override IEventLog Events => store.Events;

    public override ILedgerJournal Journal => store.Journal;

    public static async Task<OpenedStoreHarness> OpenAsync(StoreOptions options, Func<ValueTask>? cleanUp = null)
    {
        var store = StoreRegistration.Open(options, Kinds.All);
        await store.Migrator.MigrateAsync();
        return new OpenedStoreHarness(store, async () => await OpenAsync(options), cleanUp ?? (() => ValueTask.CompletedTask));
    }

    public override Task<StoreHarness?> SecondAsync() => second();

    public override async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await cleanUp();
    }
}
