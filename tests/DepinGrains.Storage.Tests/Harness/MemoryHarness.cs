using DepinGrains.Storage.Events;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Tests.Harness;

/// <summary>The simulation's store.</summary>
public sealed class MemoryHarness : StoreHarness
{
    public InMemoryStore Store { get; } = new(Kinds.All, TimeProvider.System);

    public override IRowStore Rows => Store;

    public override IEventLog Events => Store;

    public override ILedgerJournal Journal => Store;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
