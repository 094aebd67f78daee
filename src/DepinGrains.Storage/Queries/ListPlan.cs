using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Queries;

/// <summary>
/// Turns a list into one or two keyset statements that an index serves in either store. NULL sorts before every value; ties go by (parent, key) in the list's direction.
/// Two statements are needed only where a page crosses the border between NULL and values.
/// </summary>
internal sealed class ListPlan
{
    private readonly ListQuery _query;
    private readonly Table _table;
    private readonly char _mark;
    private readonly Cursor? _cursor;

    public ListPlan(ListQuery query, Table table, char parameterMark)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1_000);
        _query = query;
        _table = table;
        _mark = parameterMark;
        if (query.OrderBy is { } order)
        {
            table.TypeOf(order);
        }

        if (query.DocumentsWhereNull is { } column)
        {
            table.TypeOf(column);
        }

        _cursor = Cursor.Read(query, table);
    }

    /// <summary>Null when ordered by identity.</summary>
    private string? OrderColumn => _query.OrderBy is null or "parent" ? null : $"\"{_query.OrderBy}\"";

    private bool Nullable => _query.OrderBy is not (null or "parent" or "key");

    /// <summary>Runs the statements until the page is full. <paramref name="run"/> gets text and arguments and returns the rows.</summary>
    public async Task<RowPage> RunAsync(Func<string, IReadOnlyList<object>, Task<List<StoredRow>>> run)
    {
        var rows = new List<StoredRow>();
        foreach (var after in Phases())
        {
            var sql = Statement(after, _query.Limit + 1 - rows.Count);
            rows.AddRange(await run(sql.ToString(), sql.Arguments).ConfigureAwait(false));
            if (rows.Count > _query.Limit)
            {
                break;
            }
        }

        if (rows.Count <= _query.Limit)
        {
            return new RowPage([.. rows], null);
        }

        rows.RemoveRange(_query.Limit, rows.Count - _query.Limit);
        return new RowPage([.. rows], Cursor.Write(_query, rows[^1], OrderValue(rows[^1])));
    }

    public static SqlText CountBy(Table table, string column, ImmutableArray<Filter> filters, char mark)
    {
        table.TypeOf(column);
        var sql = new SqlText(mark).Add($"SELECT \"{column}\", count(*) FROM {table.QuotedName} WHERE true");
        AddFilters(sql, table, filters);
        return sql.Add($" GROUP BY 1 ORDER BY 2 DESC, 1 NULLS FIRST LIMIT 1000");
    }

    /// <summary>Columns: those grouped by, the count, the sums. <paramref name="sum"/> is the database's sum of a column as floating point.</summary>
    public static SqlText SumBy(Table table, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, char mark, Func<string, string> sum)
    {
        CheckSums(table, by, sums);
        var columns = string.Join(", ", by.Select(static c => $"\"{c}\"").Append("count(*)").Concat(sums.Select(c => sum($"\"{c}\""))));
        var sql = new SqlText(mark).Add($"SELECT {columns} FROM {table.QuotedName} WHERE true");
        AddFilters(sql, table, filters);
        var groups = string.Join(", ", Enumerable.Range(1, by.Length));
        return sql.Add($" GROUP BY {groups} ORDER BY {by.Length + 1} DESC, {string.Join(", ", Enumerable.Range(1, by.Length).Select(static i => i + " NULLS FIRST"))} LIMIT 1000");
    }

    /// <summary>Throws when the table has no such columns, or when there is nothing to group by.</summary>
    public static void CheckSums(Table table, ImmutableArray<string> by, ImmutableArray<string> sums)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by.Length, 1);
        foreach (var column in sums.Where(c => table.TypeOf(c) != ColumnType.Int64))
        {
            throw new ArgumentException($"column '{column}' of {table.Kind} holds no integers", nameof(sums));
        }

        foreach (var column in by)
        {
            table.TypeOf(column);
        }
    }

    private object? OrderValue(StoredRow row) => _query.OrderBy switch
    {
        null or "parent" => null,
        "key" => row.Id.Key,
        { } column => row.Columns[_table.Ordinal(column)!.Value],
    };

    private IEnumerable<Action<SqlText>> Phases()
    {
        var comparison = _query.Descending ? "<" : ">";
        if (_cursor is null)
        {
            yield return _ => { };
        }
        else if (OrderColumn is not { } column)
        {
            yield return sql => AfterIdentity(sql.Add(" AND "), comparison);
        }
        else if (_cursor.Value is { } value)
        {
            yield return sql =>
            {
                sql.Add($" AND {column} {comparison}= ").Value(value).Add($" AND ({column} {comparison} ").Value(value).Add(" OR ");
                AfterIdentity(sql, comparison).Add(")");
            };
            if (_query.Descending && Nullable)
            {
                yield return sql => sql.Add($" AND {column} IS NULL");
            }
        }
        else
        {
            yield return sql => AfterIdentity(sql.Add($" AND {column} IS NULL AND "), comparison);
            if (!_query.Descending)
            {
                yield return sql => sql.Add($" AND {column} IS NOT NULL");
            }
        }
    }

    private SqlText AfterIdentity(SqlText sql, string comparison) =>
        sql.Add($"(parent, \"key\") {comparison} (").Value(_cursor!.Parent).Add(", ").Value(_cursor.Key).Add(")");

    private SqlText Statement(Action<SqlText> after, int limit)
    {
        var columns = _query.DocumentsWhereNull is { } column ? _table.SelectListWithout(column) : _table.SelectList;
        var sql = new SqlText(_mark).Add($"SELECT {columns} FROM {_table.QuotedName} WHERE true");
        AddFilters(sql, _table, _query.Filters);
        after(sql);
        var direction = _query.Descending ? " DESC" : "";
        var nulls = Nullable ? (_query.Descending ? " NULLS LAST" : " NULLS FIRST") : "";
        sql.Add(" ORDER BY ");
        if (OrderColumn is { } order)
        {
            sql.Add($"{order}{direction}{nulls}, ");
        }

        return sql.Add($"parent{direction}, \"key\"{direction} LIMIT {limit.ToString(CultureInfo.InvariantCulture)}");
    }

    private static void AddFilters(SqlText sql, Table table, ImmutableArray<Filter> filters)
    {
        foreach (var filter in filters.IsDefault ? [] : filters)
        {
            var type = table.TypeOf(filter.Column);
            if (filter.Value is null || (filter.Value is string text && Committing.TextCheck.Problem("value", text, int.MaxValue) is not null))
            {
                // Neither null nor text that no row can hold matches anything.
                sql.Add(" AND false");
                continue;
            }

            sql.Add($" AND \"{filter.Column}\" {Operator(filter.Comparison)} ").Value(Typed(type, filter));
        }
    }

    /// <summary>The filter's value in the column's type; integers of any size are taken.</summary>
    internal static object Typed(ColumnType type, Filter filter) => (type, filter.Value) switch
    {
        (ColumnType.Text, string text) => text,
        (ColumnType.Boolean, bool flag) => flag,
        (ColumnType.Int64, long number) => number,
        (ColumnType.Int64, int number) => (long)number,
        _ => throw new ArgumentException($"column '{filter.Column}' is {type}, the filter's value is {filter.Value?.GetType().Name ?? "null"}"),
    };

    private static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        _ => throw new ArgumentOutOfRangeException(nameof(comparison)),
    };
}
