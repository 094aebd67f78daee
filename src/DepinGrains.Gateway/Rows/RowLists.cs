using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Rows;

/// <summary>Lists straight from rows: typed columns filter and order, the document is shown.</summary>
public static class RowLists
{
    /// <summary>Equality filters of the given (column, value) pairs; null values do not filter.</summary>
    public static ImmutableArray<Filter> Filters(params ReadOnlySpan<(string Column, object? Value)> pairs)
    {
        var filters = ImmutableArray.CreateBuilder<Filter>();
        foreach (var (column, value) in pairs)
        {
            if (value is not null)
            {
                filters.Add(new Filter(column, Comparison.Equal, value));
            }
        }

        return filters.DrainToImmutable();
    }

    /// <summary>One page. A cursor that is not of this list is refused.</summary>
    public static async Task<IResult> Async<T>(IRowStore store, ListQuery query, Func<StoredRow, T> show)
    {
        RowPage page;
        try
        {
            page = await store.ListAsync(query);
        }
        catch (InvalidCursorException)
        {
            return Problems.From(Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this list gave."));
        }

        return TypedResults.Ok(new Page<T>([.. page.Rows.Select(show)], page.NextCursor));
    }
}
