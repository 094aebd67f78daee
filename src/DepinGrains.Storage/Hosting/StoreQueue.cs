namespace DepinGrains.Storage.Hosting;

/// <summary>How much the host's store has still to do.</summary>
public sealed class StoreQueue
{
    private readonly IStore _store;

    internal StoreQueue(IStore store) => _store = store;

    /// <summary>Change sets and journal batches that wait for the committers.</summary>
    public int Waiting => _store.Waiting;
}
