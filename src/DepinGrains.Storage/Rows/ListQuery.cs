using System.Collections.Immutable;

namespace DepinGrains.Storage.Rows;

/// <summary>How a column is compared.</summary>
public enum Comparison
{
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>One condition; all of a query's conditions hold together. A null <paramref name="Value"/> never matches.</summary>
public readonly record struct Filter(string Column, Comparison Comparison, object Value);

/// <summary>A list of one kind. Columns <c>parent</c> and <c>key</c> may be filtered and ordered by as well.</summary>
/// <param name="OrderBy">A column, or null for row identity; ties are broken by (parent, key).</param>
/// <param name="Limit">1–1,000.</param>
/// <param name="Cursor">Opaque, from the page before.</param>
/// <param name="DocumentsWhereNull">
/// Null: every row comes with its document. A column: only rows in which it is null do, those written before the column was; for lists that typed columns alone can show.
/// </param>
public sealed record ListQuery(string Kind, ImmutableArray<Filter> Filters, string? OrderBy, bool Descending, int Limit, string? Cursor, string? DocumentsWhereNull = null);

/// <summary>A page of rows.</summary>
public sealed record RowPage(ImmutableArray<StoredRow> Rows, string? NextCursor);
