using System.Collections.Immutable;

namespace DepinGrains.Storage.Rows;

/// <summary>Durable rows: many grains' change sets are gathered into one transaction by the process's single committer; every caller waits for its own.</summary>
public interface IRowStore
{
    /// <summary>Commits one change set; never throws for data or broken connections: see <see cref="CommitStatus"/>. Throws <see cref="StoreOverloadedException"/> when the bounded queue is full.</summary>
    ValueTask<CommitOutcome> CommitAsync(ChangeSet changes);

    /// <summary>Reads one row, or null.</summary>
    Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default);

    /// <summary>Reads a root row together with the remembered answer of an operation of it, if any.</summary>
    Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default);

    /// <summary>Reads the children of a parent in key order, from after <paramref name="afterKey"/>, at most <paramref name="limit"/>.</summary>
    Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default);

    /// <summary>Lists rows by typed columns. Never stale against an acknowledged commit.</summary>
    Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default);

    /// <summary>Counts rows by the values of one column, at most 1,000 groups; for metrics and overviews.</summary>
    Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default);

    /// <summary>Counts rows and adds up columns of integers (null counts as 0) by the values of other columns, at most 1,000 groups, in one query; for metrics and overviews.</summary>
    Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default);
}

/// <summary>One group of rows. Sums are floating point: a sum of amounts that strangers declare must not overflow, and nobody pays by it.</summary>
/// <param name="By">Values of the columns grouped by, in the order asked.</param>
/// <param name="Count">Rows of the group.</param>
/// <param name="Sums">In the order asked.</param>
public sealed record GroupSums(ImmutableArray<object?> By, long Count, ImmutableArray<double> Sums);

/// <summary>The committer's bounded queue is full; the caller may try again.</summary>
public sealed class StoreOverloadedException(int queued) : Exception($"the store's commit queue is full ({queued} change sets wait)");
