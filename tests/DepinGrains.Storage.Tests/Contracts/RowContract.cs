using DepinGrains.Storage.Rows;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Contracts;

public abstract class RowContract : StoreContract
{
    [Fact]
    public async Task A_first_write_is_read_back_with_version_1()
    {
        var outcome = await Rows.CommitAsync(Change(Root("a", 0, "Zürich ☃ 😀", long.MinValue, false, "{\"x\":1}")));
        Assert.Equal(new CommitOutcome(CommitStatus.Committed, 1, null), outcome);
        var row = await Rows.ReadAsync(Id("a"));
        Assert.NotNull(row);
        Assert.Equal(1, row.Version);
        Assert.Equal(["Zürich ☃ 😀", long.MinValue, false], row.Columns);
        Assert.Equal("{\"x\":1}", Text(row.Document));
    }

    [Fact]
    public async Task Nulls_empty_texts_and_empty_documents_survive()
    {
        await CommitAsync(Change(new RootWrite(Id(""), 0, ["", null, null], default)));
        var row = await Rows.ReadAsync(Id(""));
        Assert.Equal(["", null, null], row!.Columns);
        Assert.Equal(0, row.Document.Length);
    }

    [Fact]
    public async Task A_missing_row_is_null() => Assert.Null(await Rows.ReadAsync(Id("nobody")));

    [Fact]
    public async Task The_second_first_writer_gets_a_conflict()
    {
        await CommitAsync(Simple("a", 0));
        var outcome = await Rows.CommitAsync(Simple("a", 0, "stolen"));
        Assert.Equal(CommitStatus.Conflict, outcome.Status);
        Assert.Equal(1, outcome.Version);
        Assert.Equal("open", (await Rows.ReadAsync(Id("a")))!.Columns[0]);
    }

    [Fact]
    public async Task A_stale_version_gets_a_conflict_and_writes_nothing_of_the_change_set()
    {
        await CommitAsync(Simple("a", 0));
        await CommitAsync(Simple("a", 1));
        var outcome = await Rows.CommitAsync(Change(Root("a", 1), [BidOf("a", "1")], [Operation("op")], [Event("t", "a")]));
        Assert.Equal(CommitStatus.Conflict, outcome.Status);
        Assert.Equal(2, outcome.Version);
        Assert.Empty(await Rows.ReadChildrenAsync("bid", "a", null, 10));
        Assert.Null(await Rows.ReadOperationAsync(Id("a"), "op"));
        Assert.Empty((await Store.Events.ReadAsync(0, null, 10)).Events);
    }

    [Fact]
    public async Task Updating_a_row_that_never_was_is_a_conflict_at_version_0()
    {
        var outcome = await Rows.CommitAsync(Simple("ghost", 3));
        Assert.Equal((CommitStatus.Conflict, 0L), (outcome.Status, outcome.Version));
        Assert.Null(await Rows.ReadAsync(Id("ghost")));
    }

    [Fact]
    public async Task Racing_first_writers_let_exactly_one_in()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Rows.CommitAsync(Simple("a", 0, $"w{i}")).AsTask()));
        var winner = Assert.Single(outcomes.Select((o, i) => (o, i)), x => x.o.Status == CommitStatus.Committed).i;
        Assert.Equal(19, outcomes.Count(o => o is { Status: CommitStatus.Conflict, Version: 1 }));
        Assert.Equal($"w{winner}", (await Rows.ReadAsync(Id("a")))!.Columns[0]);
    }

    [Fact]
    public async Task Change_sets_of_one_root_queued_together_are_applied_in_order()
    {
        var first = Rows.CommitAsync(Change(Root("a", 0), [BidOf("a", "b", "one")]));
        var second = Rows.CommitAsync(Change(Root("a", 1), [BidOf("a", "b", "two"), BidOf("a", "c")]));
        var third = Rows.CommitAsync(Change(Root("a", 2), [BidOf("a", "c", null)]));
        Assert.Equal((1, 2, 3), ((await first).Version, (await second).Version, (await third).Version));
        var child = Assert.Single(await Rows.ReadChildrenAsync("bid", "a", null, 10));
        Assert.Equal(("two", 2L), (Text(child.Document), child.Version));
    }

    [Fact]
    public async Task Children_are_upserted_deleted_and_read_in_key_order_page_by_page()
    {
        await CommitAsync(Change(Root("a", 0), [.. Enumerable.Range(0, 25).Select(i => BidOf("a", $"k{i:00}"))]));
        await CommitAsync(Change(Root("b", 0), [BidOf("b", "k00")]));
        await CommitAsync(Change(Root("a", 1), [BidOf("a", "k03", null), BidOf("a", "k04", "new"), BidOf("a", "none", null)]));
        var first = await Rows.ReadChildrenAsync("bid", "a", null, 10);
        var rest = await Rows.ReadChildrenAsync("bid", "a", first[^1].Id.Key, 100);
        Assert.Equal(["k00", "k01", "k02", "k04", "k05", "k06", "k07", "k08", "k09", "k10"], first.Select(c => c.Id.Key));
        Assert.Equal(14, rest.Length);
        Assert.Equal("new", Text(first[3].Document));
    }

    [Fact]
    public async Task The_last_of_repeated_child_writes_counts()
    {
        await CommitAsync(Change(Root("a", 0), [BidOf("a", "x", "1"), BidOf("a", "y", "1"), BidOf("a", "x", "2"), BidOf("a", "y", null)]));
        var child = Assert.Single(await Rows.ReadChildrenAsync("bid", "a", null, 10));
        Assert.Equal(("x", "2"), (child.Id.Key, Text(child.Document)));
    }

    [Fact]
    public async Task Two_roots_writing_one_child_at_once_both_commit()
    {
        var both = await Task.WhenAll(
            Rows.CommitAsync(Change(Root("a", 0), [BidOf("shared", "x", "a")])).AsTask(),
            Rows.CommitAsync(Change(Root("b", 0), [BidOf("shared", "x", "b")])).AsTask());
        Assert.All(both, o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.Equal("b", Text(Assert.Single(await Rows.ReadChildrenAsync("bid", "shared", null, 10)).Document));
    }

    [Fact]
    public async Task A_remembered_operation_is_found_again_under_its_root_only()
    {
        await CommitAsync(Change(Root("a", 0), operations: [Operation("op-1", "the answer"), Operation("op-2")]));
        var found = await Rows.ReadOperationAsync(Id("a"), "op-1");
        Assert.Equal(("op-1", "print", "the answer"), (found!.OperationId, Text(found.Fingerprint), Text(found.Answer)));
        Assert.Null(await Rows.ReadOperationAsync(Id("b"), "op-1"));
        Assert.Null(await Rows.ReadOperationAsync(Id("a"), "op-3"));
        Assert.Null(await Rows.ReadOperationAsync(Id("a"), "op\0"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0xD83D)]
    [InlineData(0xDE00)]
    [InlineData(0xDE00, 0xD83D)]
    public async Task Text_no_store_can_hold_is_rejected_alone_and_the_neighbours_commit(params int[] units)
    {
        // As numbers: an attribute's text is kept as UTF-8, which would mend it.
        var bad = "x" + string.Concat(units.Select(u => (char)u));
        var neighbours = Enumerable.Range(0, 30).Select(i => Rows.CommitAsync(Simple($"n{i}", 0)).AsTask()).ToList();
        var column = Rows.CommitAsync(Simple("bad", 0, bad)).AsTask();
        var key = Rows.CommitAsync(Simple(bad, 0)).AsTask();
        var child = Rows.CommitAsync(Change(Root("bad", 0), [BidOf("a", bad)])).AsTask();
        var operation = Rows.CommitAsync(Change(Root("bad", 0), operations: [Operation(bad)])).AsTask();
        var topic = Rows.CommitAsync(Change(Root("bad", 0), events: [Event(bad, "s")])).AsTask();
        neighbours.AddRange(Enumerable.Range(30, 30).Select(i => Rows.CommitAsync(Simple($"n{i}", 0)).AsTask()));
        Assert.All(await Task.WhenAll(neighbours), o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.All(await Task.WhenAll(column, key, child, operation, topic), o =>
        {
            Assert.Equal(CommitStatus.Rejected, o.Status);
            Assert.NotNull(o.Problem);
        });
        Assert.Null(await Rows.ReadAsync(Id("bad")));
        Assert.Null(await Rows.ReadAsync(Id(bad)));
    }

    [Fact]
    public async Task Data_only_the_database_can_refuse_is_split_off_and_the_neighbours_commit()
    {
        await CommitAsync(Change(Root("a", 0), operations: [Operation("once")]));
        var neighbours = Enumerable.Range(0, 40).Select(i => Rows.CommitAsync(Change(Root($"n{i}", 0), [BidOf($"n{i}", "x")], [Operation("o")], [Event("t", $"n{i}")])).AsTask()).ToList();
        var repeated = Rows.CommitAsync(Change(Root("a", 1), [BidOf("a", "x")], [Operation("once", "other")])).AsTask();
        neighbours.AddRange(Enumerable.Range(40, 40).Select(i => Rows.CommitAsync(Change(Root($"n{i}", 0), [BidOf($"n{i}", "x")], [Operation("o")], [Event("t", $"n{i}")])).AsTask()));
        Assert.All(await Task.WhenAll(neighbours), o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.Equal(CommitStatus.Rejected, (await repeated).Status);
        Assert.Equal(1, (await Rows.ReadAsync(Id("a")))!.Version);
        Assert.Empty(await Rows.ReadChildrenAsync("bid", "a", null, 10));
        Assert.Equal("done", Text((await Rows.ReadOperationAsync(Id("a"), "once"))!.Answer));
        Assert.Equal(80, (await Store.Events.ReadAsync(0, "t", 1_000)).Events.Length);
    }

    [Fact]
    public async Task Index_rows_that_would_not_fit_are_rejected_alike()
    {
        var random = new Random(1);
        var wide = new string([.. Enumerable.Range(0, 3_000).Select(_ => (char)random.Next(33, 126))]);
        Assert.Equal(CommitStatus.Rejected, (await Rows.CommitAsync(Simple("a", 0, wide))).Status);
        Assert.Equal(CommitStatus.Rejected, (await Rows.CommitAsync(Simple(new string('k', 600), 0))).Status);
        await CommitAsync(Simple(new string('k', 512), 0, wide[..1_800]));
    }

    [Fact]
    public async Task A_change_set_against_the_definitions_is_a_bug()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rows.CommitAsync(Change(new RootWrite(RowId.Root("nokind", "a"), 0, [], default))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rows.CommitAsync(Change(new RootWrite(Id("a"), 0, ["x"], default))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rows.CommitAsync(Change(new RootWrite(Id("a"), 0, ["x", 5, true], default))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rows.CommitAsync(Change(Root("a", 0), [BidOf("", "x")])));
    }

    [Fact]
    public async Task A_big_binary_document_survives()
    {
        var bytes = new byte[3 * 1024 * 1024];
        new Random(7).NextBytes(bytes);
        await CommitAsync(Change(new RootWrite(Id("big"), 0, [null, null, null], bytes)));
        Assert.True((await Rows.ReadAsync(Id("big")))!.Document.Span.SequenceEqual(bytes));
        Assert.Equal(CommitStatus.Rejected, (await Rows.CommitAsync(Change(new RootWrite(Id("huge"), 0, [null, null, null], new byte[17 * 1024 * 1024])))).Status);
    }

    [Fact]
    public async Task Of_many_reads_at_once_each_gets_its_own_row_and_who_gives_up_disturbs_nobody()
    {
        for (var i = 0; i < 20; i++)
        {
            await CommitAsync(Change(Root($"r{i}", 0, price: i), [BidOf($"r{i}", "b", $"bid {i}")]));
        }

        using var gone = new CancellationTokenSource();
        var given = Enumerable.Range(0, 10).Select(i => Rows.ReadAsync(Id($"r{i}"), gone.Token)).ToArray();
        var roots = Enumerable.Range(0, 200).Select(i => Rows.ReadAsync(Id($"r{i % 25}"))).ToArray();
        var bids = Enumerable.Range(0, 200).Select(i => Rows.ReadAsync(new RowId("bid", $"r{i % 25}", "b"))).ToArray();
        await gone.CancelAsync();
        for (var i = 0; i < 200; i++)
        {
            var (root, bid) = (await roots[i], await bids[i]);
            Assert.Equal(i % 25 < 20 ? (long?)(i % 25) : null, (long?)root?.Columns[1]);
            Assert.Equal(i % 25 < 20 ? $"bid {i % 25}" : null, bid is null ? null : Text(bid.Document));
        }

        foreach (var read in given)
        {
            await Task.WhenAny(read);
            Assert.True(read.IsCanceled || (await read)!.Version == 1);
        }
    }

    [Fact]
    public async Task Many_writers_at_once_all_commit_and_are_seen_at_once()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 64), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancel) =>
        {
            for (var version = 0; version < 10; version++)
            {
                Assert.Equal(version + 1, (await Rows.CommitAsync(Simple($"w{i}", version, price: version))).Version);
                Assert.Equal(version + 1, (await Rows.ReadAsync(Id($"w{i}"), cancel))!.Version);
            }
        });
        Assert.Equal(64, (await Rows.ListAsync(new ListQuery("lease", [new("price", Comparison.Equal, 9L)], null, false, 1_000, null))).Rows.Length);
    }
}
