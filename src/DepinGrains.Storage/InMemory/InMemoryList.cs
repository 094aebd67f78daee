using System.Collections.Immutable;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.InMemory;

/// <summary>A list over rows in memory, by the rules of <see cref="ListPlan"/>.</summary>
internal sealed class InMemoryList
{
    /// <summary>NULL first, text by UTF-8 bytes.</summary>
    public static readonly Comparer<object?> ValueOrder = Comparer<object?>.Create(CompareValues);

    private readonly ListQuery _query;
    private readonly Table _table;
    private readonly Cursor? _cursor;
    private readonly ImmutableArray<(Filter Filter, object? Value)> _filters;

    public InMemoryList(ListQuery query, Table table)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1_000);
        if (query.OrderBy is { } order)
        {
            table.TypeOf(order);
        }

        if (query.DocumentsWhereNull is { } column)
        {
            table.TypeOf(column);
        }

        _query = query;
        _table = table;
        _cursor = Cursor.Read(query, table);
        _filters = [.. (query.Filters.IsDefault ? [] : query.Filters).Select(f => (f, f.Value is null ? null : ListPlan.Typed(table.TypeOf(f.Column), f)))];
    }

    public static object? Value(StoredRow row, Table table, string column) => column switch
    {
        "parent" => row.Id.Parent,
        "key" => row.Id.Key,
        _ => row.Columns[table.Ordinal(column)!.Value],
    };

    public IEnumerable<StoredRow> Matching(IEnumerable<StoredRow> rows) => rows.Where(row => _filters.All(f => Holds(row, f.Filter, f.Value)));

    public RowPage Page(IEnumerable<StoredRow> rows)
    {
        var sign = _query.Descending ? -1 : 1;
        var after = Matching(rows).Where(row => _cursor is null || sign * Compare(OrderValue(row), row.Id, _cursor.Value, _cursor.Parent, _cursor.Key) > 0).ToList();
        after.Sort((a, b) => sign * Compare(OrderValue(a), a.Id, OrderValue(b), b.Id.Parent, b.Id.Key));
        var page = after.Take(_query.Limit).ToImmutableArray();
        if (_query.DocumentsWhereNull is { } column)
        {
            var at = _table.Ordinal(column);
            page = [.. page.Select(row => at is null || row.Columns[at.Value] is not null ? row with { Document = default } : row)];
        }

        return new RowPage(page, after.Count > page.Length ? Cursor.Write(_query, page[^1], OrderValue(page[^1])) : null);
    }

    private static int Compare(object? value, RowId id, object? otherValue, string otherParent, string otherKey)
    {
        var order = CompareValues(value, otherValue);
        order = order != 0 ? order : Utf8Order.Instance.Compare(id.Parent, otherParent);
        return order != 0 ? order : Utf8Order.Instance.Compare(id.Key, otherKey);
    }

    private static int CompareValues(object? x, object? y) => (x, y) switch
    {
        (null, null) => 0,
        (null, _) => -1,
        (_, null) => 1,
        (string a, string b) => Utf8Order.Instance.Compare(a, b),
        _ => ((IComparable)x).CompareTo(y),
    };

    private object? OrderValue(StoredRow row) => _query.OrderBy is null or "parent" ? null : Value(row, _table, _query.OrderBy);

    private bool Holds(StoredRow row, Filter filter, object? wanted)
    {
        var value = Value(row, _table, filter.Column);
        if (value is null || wanted is null)
        {
            return false;
        }

        var order = CompareValues(value, wanted);
        return filter.Comparison switch
        {
            Comparison.Equal => order == 0,
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }
}
