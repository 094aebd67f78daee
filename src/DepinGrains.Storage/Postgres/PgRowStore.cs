using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>Rows in PostgreSQL.</summary>
internal sealed class PgRowStore(PgStore store) : IRowStore
{
    public ValueTask<CommitOutcome> CommitAsync(ChangeSet changes)
    {
        if (store.Check.Admit(changes, out var item) is { } problem)
        {
            StoreMetrics.Committed(CommitStatus.Rejected);
            return ValueTask.FromResult(new CommitOutcome(CommitStatus.Rejected, 0, problem));
        }

        store.RowQueue.Add(item!);
        return new ValueTask<CommitOutcome>(item!.Task);
    }

    public Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(id.Kind);
        return TextCheck.IsText(id.Parent, id.Key) ? store.RowReader.ReadAsync(id, table, store.RowWriter.Sql(table).Read, cancel) : Task.FromResult<StoredRow?>(null);
    }

    public async Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default)
    {
        store.Catalog.Get(root.Kind);
        if (!TextCheck.IsText(root.Key, operationId))
        {
            return null;
        }

        var found = await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                "SELECT fingerprint, answer FROM operations WHERE kind=$1 AND root=$2 AND operation_id=$3",
                [root.Kind, root.Key, operationId],
                reader => new StoredOperation(operationId, reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1)),
                stop),
            cancel).ConfigureAwait(false);
        return found.FirstOrDefault();
    }

    public async Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var table = store.Catalog.Get(kind);
        if (!TextCheck.IsText(parent, afterKey ?? ""))
        {
            return [];
        }

        var sql = store.RowWriter.Sql(table);
        return [.. await RowsAsync(afterKey is null ? sql.ChildrenFromStart : sql.Children, [parent, afterKey ?? "", (long)limit], table, cancel).ConfigureAwait(false)];
    }

    public Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
    {
        var table = store.Catalog.Get(query.Kind);
        return new ListPlan(query, table, '$').RunAsync((sql, arguments) => RowsAsync(sql, arguments, table, cancel));
    }

    public async Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var sql = ListPlan.CountBy(store.Catalog.Get(kind), column, filters, '$');
        var groups = await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                sql.ToString(), sql.Arguments, reader => (Value: reader.IsDBNull(0) ? null : reader.GetValue(0), Count: reader.GetInt64(1)), stop),
            cancel).ConfigureAwait(false);
        return [.. groups];
    }

    public async Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default)
    {
        var sql = ListPlan.SumBy(store.Catalog.Get(kind), by, sums, filters, '$', static column => $"coalesce(sum({column}), 0)::float8");
        var groups = await store.Connections.ReadAsync(
            (connection, stop) => connection.QueryAsync(
                sql.ToString(),
                sql.Arguments,
                reader => new GroupSums(
                    [.. by.Select((_, i) => reader.IsDBNull(i) ? null : reader.GetValue(i))],
                    reader.GetInt64(by.Length),
                    [.. sums.Select((_, i) => reader.GetDouble(by.Length + 1 + i))]),
                stop),
            cancel).ConfigureAwait(false);
        return [.. groups];
    }

    private Task<List<StoredRow>> RowsAsync(string sql, IReadOnlyList<object> arguments, Table table, CancellationToken cancel) =>
        store.Connections.ReadAsync((connection, stop) => connection.QueryAsync(sql, arguments, reader => Row(reader, table), stop), cancel);

    internal static StoredRow Row(NpgsqlDataReader reader, Table table)
    {
        var columns = ImmutableArray.CreateBuilder<object?>(table.Columns.Length);
        for (var i = 0; i < table.Columns.Length; i++)
        {
            columns.Add(reader.IsDBNull(i + 4) ? null : reader.GetValue(i + 4));
        }

        return new StoredRow(new RowId(table.Kind, reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), columns.MoveToImmutable(), reader.IsDBNull(3) ? [] : reader.GetFieldValue<byte[]>(3));
    }
}
