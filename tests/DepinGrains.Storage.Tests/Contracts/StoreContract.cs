using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;

namespace DepinGrains.Storage.Tests.Contracts;

/// <summary>Base of all contract tests: the same facts for every store.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected StoreHarness Store { get; private set; } = null!;

    protected IRowStore Rows => Store.Rows;

    protected abstract Task<StoreHarness> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    protected async Task CommitAsync(ChangeSet changes) => Assert.Equal(CommitStatus.Committed, (await Rows.CommitAsync(changes)).Status);
}
