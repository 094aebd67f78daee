using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.InMemory;

/// <summary>
/// The store for simulations: every call is finished when it returns, nothing runs beside, and the same calls give the same answers. It outlives the "processes" of a
/// simulation as a database does. <see cref="Fault"/> decides what happens to each call. The contract tests of the real stores hold for it. Not durable, so no choice for a host.
/// </summary>
public sealed partial class InMemoryStore : IRowStore
{
    private readonly Lock _gate = new();
    private readonly TableCatalog _catalog;
    private readonly ChangeSetCheck _check;
    private readonly StoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<InMemoryTable> _rows;
    private readonly Dictionary<(string Kind, string Root, string Id), OperationWrite> _operations = [];

    /// <summary>An empty store. <paramref name="time"/> stamps events and ends waits.</summary>
    public InMemoryStore(IEnumerable<TableDefinition> tables, TimeProvider time, StoreOptions? options = null)
    {
        _catalog = new TableCatalog(tables);
        _options = options ?? new StoreOptions();
        _check = new ChangeSetCheck(_catalog, _options);
        _time = time;
        _rows = [.. _catalog.All.Select(_ => new InMemoryTable())];
    }

    /// <summary>Asked before every call; null means no faults.</summary>
    public Func<StoreFaultPoint, StoreFault>? Fault { get; set; }

    /// <inheritdoc/>
    public ValueTask<CommitOutcome> CommitAsync(ChangeSet changes)
    {
        if (_check.Admit(changes, out var item) is { } problem)
        {
            return ValueTask.FromResult(new CommitOutcome(CommitStatus.Rejected, 0, problem));
        }

        var outcome = Strike(StoreCall.Commit, changes.Root.Id.Key) switch
        {
            StoreFault.None => Commit(item!),
            StoreFault.FailBefore => Lost("before the commit"),
            StoreFault.Conflict => new CommitOutcome(CommitStatus.Conflict, Standing(item!), "simulated conflict"),
            _ => Commit(item!) is { Status: CommitStatus.Committed } ? Lost("after the commit") : Lost("before the commit"),
        };
        return ValueTask.FromResult(outcome);
    }

    /// <inheritdoc/>
    public Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default)
    {
        var table = _catalog.Get(id.Kind);
        return Read(id.Key, () => _rows[table.Number].Find(id));
    }

    /// <inheritdoc/>
    public Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default)
    {
        _catalog.Get(root.Kind);
        return Read(root.Key, () => _operations.TryGetValue((root.Kind, root.Key, operationId), out var found) ? new StoredOperation(operationId, found.Fingerprint, found.Answer) : null);
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var table = _catalog.Get(kind);
        return Read(parent, () => _rows[table.Number].Children(parent)
            .SkipWhile(r => afterKey is not null && Utf8Order.Instance.Compare(r.Id.Key, afterKey) <= 0).Take(limit).ToImmutableArray());
    }

    /// <inheritdoc/>
    public Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
    {
        var table = _catalog.Get(query.Kind);
        var scan = new InMemoryList(query, table);
        return Read(query.Kind, () => scan.Page(_rows[table.Number].All));
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var table = _catalog.Get(kind);
        table.TypeOf(column);
        var query = new ListQuery(kind, filters, null, false, 1, null);
        var scan = new InMemoryList(query, table);
        return Read(kind, () => scan.Matching(_rows[table.Number].All).GroupBy(r => InMemoryList.Value(r, table, column))
            .Select(g => (Value: g.Key, Count: (long)g.Count())).OrderByDescending(g => g.Count).ThenBy(g => g.Value, InMemoryList.ValueOrder).Take(1_000).ToImmutableArray());
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var table = _catalog.Get(kind);
        ListPlan.CheckSums(table, by, sums);
        var scan = new InMemoryList(new ListQuery(kind, filters, null, false, 1, null), table);
        double Sum(IEnumerable<StoredRow> rows, string column) => rows.Sum(r => (double)((long?)InMemoryList.Value(r, table, column) ?? 0));
        return Read(kind, () => scan.Matching(_rows[table.Number].All)
            .GroupBy(r => string.Join('\0', by.Select(c => InMemoryList.Value(r, table, c) is { } value ? "=" + value : "")), StringComparer.Ordinal)
            .Select(g => new GroupSums([.. by.Select(c => InMemoryList.Value(g.First(), table, c))], g.Count(), [.. sums.Select(c => Sum(g, c))]))
            .OrderByDescending(static g => g.Count).ThenBy(static g => g.By[0], InMemoryList.ValueOrder).ThenBy(static g => g.By[^1], InMemoryList.ValueOrder).Take(1_000).ToImmutableArray());
    }

    private static CommitOutcome Lost(string when) => new(CommitStatus.Unknown, 0, "simulated: the connection was lost " + when);

    private CommitOutcome Commit(RowsItem item)
    {
        lock (_gate)
        {
            var root = item.Root;
            var standing = Standing(item);
            if (standing != root.ExpectedVersion)
            {
                return item.JudgeLoss(standing, null);
            }

            if (item.Changes.Operations.FirstOrDefault(o => _operations.ContainsKey((root.Id.Kind, root.Id.Key, o.OperationId))) is { } repeated)
            {
                return new CommitOutcome(CommitStatus.Rejected, 0, $"operation id '{repeated.OperationId}' is there already");
            }

            _rows[item.Table.Number].Put(new StoredRow(root.Id, item.NewVersion, root.Columns, root.Document.ToArray()));
            foreach (var child in item.Changes.Children)
            {
                var rows = _rows[_catalog.Get(child.Id.Kind).Number];
                if (child.Document is { } document)
                {
                    rows.Put(new StoredRow(child.Id, item.NewVersion, child.Columns, document.ToArray()));
                }
                else
                {
                    rows.Remove(child.Id);
                }
            }

            foreach (var operation in item.Changes.Operations)
            {
                _operations.Add((root.Id.Kind, root.Id.Key, operation.OperationId), operation with { Fingerprint = operation.Fingerprint.ToArray(), Answer = operation.Answer.ToArray() });
            }

            Write(item.Changes.Events);
            return new CommitOutcome(CommitStatus.Committed, item.NewVersion, null);
        }
    }

    private long Standing(RowsItem item)
    {
        lock (_gate)
        {
            return _rows[item.Table.Number].Find(item.Root.Id)?.Version ?? 0;
        }
    }

    private Task<T> Read<T>(string subject, Func<T> read)
    {
        Strike(StoreCall.Read, subject);
        lock (_gate)
        {
            return Task.FromResult(read());
        }
    }

    private StoreFault Strike(StoreCall call, string subject)
    {
        var fault = Fault?.Invoke(new StoreFaultPoint(call, subject)) ?? StoreFault.None;
        return fault == StoreFault.Unavailable ? throw new StoreUnavailableException("simulated: the store is away") : fault;
    }
}
