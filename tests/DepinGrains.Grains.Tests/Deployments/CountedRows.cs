using System.Collections.Concurrent;
using System.Collections.Immutable;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>The store of a market, counting the rows that lists answer.</summary>
public sealed class CountedRows(IRowStore store) : IRowStore
{
    private readonly ConcurrentDictionary<string, int> _listed = new(StringComparer.Ordinal);

    /// <summary>Rows of a kind below one parent or of all since the last call.</summary>
    public int Take(string kind) => _listed.TryRemove(kind, out var count) ? count : 0;

    public ValueTask<CommitOutcome> CommitAsync(ChangeSet changes) => store.CommitAsync(changes);

    public Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default) => store.ReadAsync(id, cancel);

    public Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default) => store.ReadOperationAsync(root, operationId, cancel);

    public Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default) =>
        store.ReadChildrenAsync(kind, parent, afterKey, limit, cancel);

    public async Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
    {
        var page = await store.ListAsync(query, cancel);
        _listed.AddOrUpdate(query.Kind, page.Rows.Length, (_, count) => count + page.Rows.Length);
        return page;
    }

    public Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default) =>
        store.CountByAsync(kind, column, filters, cancel);

    public Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default) =>
        store.SumByAsync(kind, by, sums, filters, cancel);
}
