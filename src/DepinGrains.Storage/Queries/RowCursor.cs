using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Queries;

/// <summary>Cursors of single rows, for readers who want to go on behind any row they have got.</summary>
public static class RowCursor
{
    /// <summary>The cursor with which the list goes on behind this row; of lists in the order of the rows' identity.</summary>
    public static string After(ListQuery query, StoredRow row)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(row);
        return query.OrderBy is null ? Cursor.Write(query, row, null) : throw new ArgumentException("the list is not in the order of identity", nameof(query));
    }
}
