using System.Collections.Immutable;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Contracts;

public abstract class ListContract : StoreContract
{
    private static readonly (string Key, string? State, long? Price)[] Data =
    [
        ("a", "open", 5), ("b", "closed", 3), ("c", "open", null), ("d", "open", 3), ("e", null, 9),
        ("f", "closed", null), ("g", "open", 5), ("ü", "open", -1), ("Z", "Open", 5), ("\uFFFD", "open", 7), ("😀", "open", 7), ("h", "", 3),
    ];

    [Theory]
    [InlineData(null, false, 3)]
    [InlineData(null, true, 5)]
    [InlineData("price", false, 1)]
    [InlineData("price", false, 4)]
    [InlineData("price", true, 1)]
    [InlineData("price", true, 3)]
    [InlineData("state", false, 2)]
    [InlineData("state", true, 2)]
    [InlineData("key", false, 5)]
    [InlineData("key", true, 1)]
    [InlineData("parent", false, 4)]
    [InlineData("open", true, 3)]
    public async Task Pages_visit_every_row_once_in_order(string? orderBy, bool descending, int limit)
    {
        await FillAsync();
        var seen = new List<StoredRow>();
        var query = new ListQuery("lease", [], orderBy, descending, limit, null);
        do
        {
            var page = await Rows.ListAsync(query);
            Assert.True(page.Rows.Length <= limit);
            seen.AddRange(page.Rows);
            query = query with { Cursor = page.NextCursor };
        }
        while (query.Cursor is not null);

        Assert.Equal(Expected(orderBy, descending), seen.Select(r => r.Id.Key));
    }

    [Fact]
    public async Task Filters_hold_together_and_null_never_matches()
    {
        await FillAsync();
        Assert.Equal(["a", "g"], await KeysAsync(new("state", Comparison.Equal, "open"), new("price", Comparison.Equal, 5)));
        Assert.Equal(["a", "d", "g", "ü"], await KeysAsync(new("state", Comparison.Equal, "open"), new("price", Comparison.LessOrEqual, 5L)));
        Assert.Equal(["\uFFFD", "😀"], await KeysAsync(new("state", Comparison.Equal, "open"), new("price", Comparison.Greater, 5L)));
        Assert.Equal(["b", "d", "h"], await KeysAsync(new("price", Comparison.GreaterOrEqual, 0L), new("price", Comparison.Less, 5L)));
        Assert.Equal(["ü", "\uFFFD", "😀"], await KeysAsync(new Filter("key", Comparison.Greater, "z")));
        Assert.Empty(await KeysAsync(new Filter("state", Comparison.Equal, null!)));
        Assert.Empty(await KeysAsync(new Filter("state", Comparison.Equal, "a\0b")));
        Assert.Equal(12, (await KeysAsync(new Filter("open", Comparison.Equal, true))).Length);
        Assert.Equal(12, (await KeysAsync(new Filter("parent", Comparison.Equal, ""))).Length);
    }

    [Fact]
    public async Task Paging_with_filters_and_ties_is_complete_while_rows_are_added()
    {
        for (var i = 0; i < 30; i++)
        {
            await CommitAsync(Simple($"k{i:00}", 0, "open", i % 3));
        }

        var seen = new List<string>();
        var query = new ListQuery("lease", [new("state", Comparison.Equal, "open")], "price", true, 7, null);
        do
        {
            var page = await Rows.ListAsync(query);
            seen.AddRange(page.Rows.Select(r => r.Id.Key));
            query = query with { Cursor = page.NextCursor };
            await CommitAsync(Simple($"z{seen.Count:00}", 0, "open", 99));
        }
        while (query.Cursor is not null);

        Assert.Equal(30, seen.Distinct().Count());
        Assert.Equal(30, seen.Count);
    }

    [Fact]
    public async Task Foreign_and_damaged_cursors_are_refused()
    {
        await FillAsync();
        var query = new ListQuery("lease", [], "price", false, 2, null);
        var cursor = (await Rows.ListAsync(query)).NextCursor!;
        foreach (var bad in new[] { query with { OrderBy = "state", Cursor = cursor }, query with { Descending = true, Cursor = cursor }, query with { Cursor = "x" }, query with { Cursor = "W10" }, query with { Cursor = cursor[..^3] }, query with { Cursor = new string('a', 30_000) } })
        {
            await Assert.ThrowsAsync<InvalidCursorException>(() => Rows.ListAsync(bad));
        }
    }

    [Fact]
    public async Task Limits_columns_and_types_are_checked()
    {
        var query = new ListQuery("lease", [], null, false, 10, null);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Limit = 0 }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Limit = 1_001 }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { OrderBy = "doc" }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Kind = "none" }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Filters = [new("price", Comparison.Equal, "5")] }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Filters = [new("price\" OR 1=1 --", Comparison.Equal, 5L)] }));
    }

    [Fact]
    public async Task Documents_stay_away_where_a_column_can_show_the_row_and_come_where_it_has_no_value()
    {
        await FillAsync();
        var query = new ListQuery("lease", [], "price", true, 5, null, DocumentsWhereNull: "price");
        var seen = new List<StoredRow>();
        do
        {
            var page = await Rows.ListAsync(query);
            seen.AddRange(page.Rows);
            query = query with { Cursor = page.NextCursor };
        }
        while (query.Cursor is not null);

        Assert.Equal(Expected("price", true), seen.Select(r => r.Id.Key));
        Assert.Equal(["c", "f"], seen.Where(r => !r.Document.IsEmpty).Select(r => r.Id.Key).Order(StringComparer.Ordinal));
        foreach (var row in seen)
        {
            var whole = (await Rows.ReadAsync(row.Id))!;
            Assert.Equal(whole.Columns, row.Columns);
            Assert.False(whole.Document.IsEmpty);
        }

        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.ListAsync(query with { Cursor = null, DocumentsWhereNull = "doc" }));
    }

    [Fact]
    public async Task Counts_by_column()
    {
        await FillAsync();
        var counts = await Rows.CountByAsync("lease", "state", []);
        Assert.Equal([("open", 7L), (null, 1L), ("", 1L), ("Open", 1L), ("closed", 2L)], counts.OrderBy(c => c.Value is "open" ? 0 : c.Value is "closed" ? 2 : 1).ThenBy(c => (string?)c.Value, StringComparer.Ordinal).Select(c => ((string?)c.Value, c.Count)));
        Assert.Equal([(true, 7L)], (await Rows.CountByAsync("lease", "open", [new("state", Comparison.Equal, "open")])).Select(c => ((bool)c.Value!, c.Count)));
        Assert.Equal("open", counts[0].Value);
    }

    [Fact]
    public async Task Sums_by_columns_count_null_as_nothing()
    {
        await FillAsync();
        var groups = await Rows.SumByAsync("lease", ["state", "open"], ["price"], [new("open", Comparison.Equal, true)]);
        Assert.Equal(
            [("open", 7L, 26.0), (null, 1, 9), ("", 1, 3), ("Open", 1, 5), ("closed", 2, 3)],
            groups.OrderBy(g => g.By[0] is "open" ? 0 : g.By[0] is "closed" ? 2 : 1).ThenBy(g => (string?)g.By[0], StringComparer.Ordinal).Select(g => ((string?)g.By[0], g.Count, g.Sums[0])));
        Assert.All(groups, static g => Assert.Equal(true, g.By[1]));
        Assert.Equal([12L], (await Rows.SumByAsync("lease", ["open"], [], [])).Select(static g => g.Count));
        Assert.Empty(await Rows.SumByAsync("lease", ["open"], ["price"], [new("state", Comparison.Equal, "nowhere")]));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.SumByAsync("lease", ["open"], ["state"], []));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Rows.SumByAsync("lease", ["doc"], ["price"], []));
    }

    [Fact]
    public async Task Sums_that_no_integer_holds_are_numbers_all_the_same()
    {
        foreach (var key in (string[])["a", "b", "c"])
        {
            await CommitAsync(Simple(key, 0, "open", long.MaxValue));
        }

        Assert.Equal(3.0 * long.MaxValue, Assert.Single(await Rows.SumByAsync("lease", ["state"], ["price"], [])).Sums[0], 1e5);
    }

    private async Task FillAsync()
    {
        foreach (var (key, state, price) in Data)
        {
            await CommitAsync(Simple(key, 0, state, price));
        }
    }

    private async Task<string[]> KeysAsync(params Filter[] filters) =>
        [.. (await Rows.ListAsync(new ListQuery("lease", [.. filters], null, false, 100, null))).Rows.Select(r => r.Id.Key)];

    private static ImmutableArray<string> Expected(string? orderBy, bool descending)
    {
        var bytes = Comparer<string?>.Create((a, b) => a is null || b is null ? (a is null ? 0 : 1) - (b is null ? 0 : 1) : Bytes(a).Span.SequenceCompareTo(Bytes(b).Span));
        var ordered = orderBy switch
        {
            "price" => Data.OrderBy(d => d.Price ?? long.MinValue).ThenBy(d => d.Key, bytes),
            "state" => Data.OrderBy(d => d.State, bytes).ThenBy(d => d.Key, bytes),
            _ => Data.OrderBy(d => d.Key, bytes),
        };
        var keys = ordered.Select(d => d.Key);
        return [.. descending ? keys.Reverse() : keys];
    }
}
