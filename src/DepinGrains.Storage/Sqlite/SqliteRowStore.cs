using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Sqlite;

/// <summary>Rows in the SQLite file.</summary>
internal sealed class SqliteRowStore(SqliteStore store) : IRowStore
{
    public ValueTask<CommitOutcome> CommitAsync(ChangeSet changes)
    {
        if (store.Check.Admit(changes, out var item) is { } problem)
        {
            StoreMetrics.Committed(CommitStatus.Rejected);
            return ValueTask.FromResult(new CommitOutcome(CommitStatus.Rejected, 0, problem));
        }

        store.Queue.Add(item!);
        return new ValueTask<CommitOutcome>(item!.Task);
    }

    public Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(id.Kind);
        return TextCheck.IsText(id.Parent, id.Key)
            ? store.Readers.RunAsync(session => Rows(session.Prepare(store.Writer.Sql(table).Read).Text(1, id.Parent).Text(2, id.Key), table).FirstOrDefault(), cancel)
            : Task.FromResult<StoredRow?>(null);
    }

    public Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default)
    {
        store.Catalog.Get(root.Kind);
        return !TextCheck.IsText(root.Key, operationId) ? Task.FromResult<StoredOperation?>(null) : store.Readers.RunAsync(session =>
        {
            var find = session.Prepare("SELECT fingerprint, answer FROM operations WHERE kind=?1 AND root=?2 AND operation_id=?3")
                .Text(1, root.Kind).Text(2, root.Key).Text(3, operationId);
            var found = find.Step() ? new StoredOperation(operationId, find.ReadBlob(0), find.ReadBlob(1)) : null;
            find.Reset();
            return found;
        }, cancel);
    }

    public Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var table = store.Catalog.Get(kind);
        return !TextCheck.IsText(parent, afterKey ?? "") ? Task.FromResult(ImmutableArray<StoredRow>.Empty) : store.Readers.RunAsync(session =>
        {
            // No key is empty text's predecessor, so a first page asks for keys from "" on.
            var sql = afterKey is null ? store.Writer.Sql(table).Children.Replace("\"key\">?2", "\"key\">=?2", StringComparison.Ordinal) : store.Writer.Sql(table).Children;
            return Rows(session.Prepare(sql).Text(1, parent).Text(2, afterKey ?? "").Int(3, limit), table).ToImmutableArray();
        }, cancel);
    }

    public Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(query.Kind);
        return new ListPlan(query, table, '?').RunAsync((sql, arguments) => store.Readers.RunAsync(session => Rows(Bind(session.Prepare(sql), arguments), table), cancel));
    }

    public Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(kind);
        var type = table.TypeOf(column);
        var sql = ListPlan.CountBy(table, column, filters, '?');
        return store.Readers.RunAsync(session =>
        {
            var groups = ImmutableArray.CreateBuilder<(object?, long)>();
            var find = Bind(session.Prepare(sql.ToString()), sql.Arguments);
            while (find.Step())
            {
                groups.Add((Value(find, 0, type), find.ReadInt(1)));
            }

            return groups.ToImmutable();
        }, cancel);
    }

    public Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(kind);
        var sql = ListPlan.SumBy(table, by, sums, filters, '?', static column => $"total({column})");
        return store.Readers.RunAsync(session =>
        {
            var groups = ImmutableArray.CreateBuilder<GroupSums>();
            var find = Bind(session.Prepare(sql.ToString()), sql.Arguments);
            while (find.Step())
            {
                groups.Add(new GroupSums(
                    [.. by.Select((c, i) => Value(find, i, table.TypeOf(c)))], find.ReadInt(by.Length), [.. sums.Select((_, i) => find.ReadDouble(by.Length + 1 + i))]));
            }

            return groups.ToImmutable();
        }, cancel);
    }

    private static SqliteStatement Bind(SqliteStatement statement, IReadOnlyList<object> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            statement.Value(i + 1, arguments[i]);
        }

        return statement;
    }

    private static List<StoredRow> Rows(SqliteStatement find, Table table)
    {
        var rows = new List<StoredRow>();
        while (find.Step())
        {
            var columns = ImmutableArray.CreateBuilder<object?>(table.Columns.Length);
            for (var i = 0; i < table.Columns.Length; i++)
            {
                columns.Add(Value(find, i + 4, table.Columns[i].Type));
            }

            rows.Add(new StoredRow(new RowId(table.Kind, find.ReadText(0), find.ReadText(1)), find.ReadInt(2), columns.MoveToImmutable(), find.IsNull(3) ? [] : find.ReadBlob(3)));
        }

        return rows;
    }

    private static object? Value(SqliteStatement find, int at, ColumnType type) => find.IsNull(at) ? null : type switch
    {
        ColumnType.Text => find.ReadText(at),
        ColumnType.Int64 => find.ReadInt(at),
        _ => find.ReadInt(at) != 0,
    };
}
