using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Queries;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Contracts;

public abstract class JournalContract : StoreContract
{
    private static readonly DateTimeOffset At = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero).AddTicks(1234567);
    private static readonly byte[] Me = [1, 2, 3];
    private static readonly byte[] Other = [9];

    private ILedgerJournal Journal => Store.Journal;

    [Fact]
    public async Task Batches_are_read_back_in_order_to_the_tick()
    {
        for (var i = 1; i <= 150; i++)
        {
            Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("uakt", Batch(i), Me));
        }

        await Journal.AppendAsync("uusdc", Batch(1), Me);
        Assert.Equal(150, await Journal.HeadAsync("uakt"));
        Assert.Equal(0, await Journal.HeadAsync("none"));
        var read = await Journal.ReadAsync("uakt", 20).ToListAsync();
        Assert.Equal(Enumerable.Range(21, 130).Select(i => (long)i), read.Select(b => b.Sequence));
        Assert.Equal((At, "batch 21"), (read[0].At, Text(read[0].Payload)));
    }

    [Fact]
    public async Task A_taken_sequence_fences_the_second_writer_and_its_later_appends()
    {
        Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("t", Batch(1), Me));
        Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("t", Batch(2), Other));
        var stale = await Task.WhenAll(Journal.AppendAsync("t", Batch(2), Me), Journal.AppendAsync("t", Batch(3), Me));
        Assert.Equal([AppendStatus.Fenced, AppendStatus.Fenced], stale);
        Assert.Equal(AppendStatus.Fenced, await Journal.AppendAsync("t", Batch(3), Me));
        Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("t", Batch(3), Other));
        Assert.Equal(3, await Journal.HeadAsync("t"));
    }

    [Fact]
    public async Task A_gap_is_never_written()
    {
        Assert.Equal(AppendStatus.Fenced, await Journal.AppendAsync("t", Batch(2), Me));
        Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("t", Batch(1), Other));
        Assert.Equal(AppendStatus.Fenced, await Journal.AppendAsync("t", Batch(3), new byte[] { 4 }));
        Assert.Equal(1, await Journal.HeadAsync("t"));
    }

    [Fact]
    public async Task Appends_queued_together_keep_their_order()
    {
        var all = await Task.WhenAll(Enumerable.Range(1, 100).Select(i => Journal.AppendAsync("t", Batch(i), Me)));
        Assert.All(all, s => Assert.Equal(AppendStatus.Appended, s));
        Assert.Equal(100, await Journal.HeadAsync("t"));
    }

    [Fact]
    public async Task Appends_and_change_sets_at_once_all_become_durable()
    {
        var rows = Task.WhenAll(Enumerable.Range(0, 200).Select(i => Rows.CommitAsync(Simple($"k{i}", 0)).AsTask()));
        for (var i = 1; i <= 50; i++)
        {
            Assert.Equal(AppendStatus.Appended, await Journal.AppendAsync("t", Batch(i), Me));
        }

        Assert.All(await rows, o => Assert.Equal(1, o.Version));
    }

    [Fact]
    public async Task Index_rows_move_the_position_and_are_found()
    {
        Assert.Equal(0, await Journal.IndexedThroughAsync("t"));
        Assert.True(await Journal.IndexAsync("t", 0, 2, [.. Entries("alice", 1, 10), .. Entries("bob", 1, 5)], [Transfer("x1"), Transfer("x2")]));
        Assert.Equal(2, await Journal.IndexedThroughAsync("t"));
        Assert.False(await Journal.IndexAsync("t", 1, 3, Entries("alice", 11, 1), []));
        Assert.True(await Journal.IndexAsync("t", 2, 3, Entries("alice", 11, 1), []));
        var found = await Journal.FindTransfersAsync("t", ["x2", "nope", "x1", "a\0"]);
        Assert.Equal([("x1", "fp x1", "an x1"), ("x2", "fp x2", "an x2")], found.Select(t => (t.TransferId, Text(t.Fingerprint), Text(t.Answer))).Order());
        Assert.Empty(await Journal.FindTransfersAsync("other", ["x1"]));

        var newest = await Journal.EntriesAsync("t", "alice", null, 3);
        Assert.Equal([11L, 10L, 9L], newest.Select(e => e.EntrySequence));
        Assert.Equal([8L, 7L], (await Journal.EntriesAsync("t", "alice", 9, 2)).Select(e => e.EntrySequence));
        Assert.Equal(Entries("alice", 11, 1)[0] with { At = At.AddTicks(-7) }, newest[0]);
        Assert.Equal([("alice", 66L, 11L, 66L), ("bob", 15L, 5L, 15L)], await Journal.EntrySumsAsync("t").ToListAsync());
    }

    [Fact]
    public async Task A_failed_index_write_writes_nothing()
    {
        Assert.True(await Journal.IndexAsync("t", 0, 1, [], [Transfer("x1")]));
        await Assert.ThrowsAnyAsync<Exception>(() => Journal.IndexAsync("t", 1, 2, Entries("alice", 1, 3), [Transfer("x2"), Transfer("x1")]));
        Assert.Equal(1, await Journal.IndexedThroughAsync("t"));
        Assert.Empty(await Journal.EntriesAsync("t", "alice", null, 10));
        Assert.Empty(await Journal.FindTransfersAsync("t", ["x2"]));
    }

    [Fact]
    public async Task A_memo_no_store_can_hold_does_not_stop_the_indexer()
    {
        Assert.True(await Journal.IndexAsync("t", 0, 1, [Entries("a", 1, 1)[0] with { Memo = "x\0y\uD800" }], []));
        Assert.Equal("x\uFFFDy\uFFFD", Assert.Single(await Journal.EntriesAsync("t", "a", null, 1)).Memo);
    }

    [Fact]
    public async Task Sums_walk_over_many_accounts()
    {
        var entries = Enumerable.Range(0, 1_203).SelectMany(i => Entries($"acc{i:0000}", 1, 2)).ToList();
        Assert.True(await Journal.IndexAsync("t", 0, 1, entries, []));
        var sums = await Journal.EntrySumsAsync("t").ToListAsync();
        Assert.Equal(1_203, sums.Count);
        Assert.All(sums, s => Assert.Equal((3L, 2L, 3L), (s.Sum, s.Count, s.LastBalance)));
        Assert.Empty(await Journal.EntrySumsAsync("none").ToListAsync());
    }

    [Fact]
    public async Task Balances_are_what_the_newest_entries_say_of_one_moment_from_any_account_on()
    {
        Assert.Empty(await Journal.BalancesAsync("t", null).ToListAsync());
        var entries = Enumerable.Range(0, 1_203).SelectMany(i => Entries($"acc{i:0000}", 1, 2)).ToList();
        Assert.True(await Journal.IndexAsync("t", 0, 4, entries, []));
        Assert.True(await Journal.IndexAsync("other", 0, 1, Entries("acc0000", 1, 1), []));
        var all = new List<StoredBalance>();
        await foreach (var balance in Journal.BalancesAsync("t", null))
        {
            if (all.Count == 0)
            {
                // Written while the walk is on its way: of another moment, so not in it.
                Assert.True(await Journal.IndexAsync("t", 4, 5, [.. Entries("acc1000", 3, 1), .. Entries("late", 1, 1)], []));
            }

            all.Add(balance);
        }

        Assert.Equal(Enumerable.Range(0, 1_203).Select(i => new StoredBalance($"acc{i:0000}", 3, 2, 4)), all);
        Assert.Equal([new("acc1202", 3, 2, 5), new("late", 1, 1, 5)], await Journal.BalancesAsync("t", "acc1201").ToListAsync());
        await Assert.ThrowsAsync<InvalidCursorException>(async () => await Journal.BalancesAsync("t", "a\0").ToListAsync());
        Assert.Equal(new("acc1000", 6, 3, 5), (await Journal.BalancesAsync("t", "acc0999").ToListAsync())[0]);
    }

    [Fact]
    public async Task The_newest_snapshot_is_loaded()
    {
        Assert.Null(await Journal.LoadSnapshotAsync("t"));
        foreach (var sequence in new[] { 5L, 9L, 7L, 12L })
        {
            await Journal.SaveSnapshotAsync("t", sequence, Bytes($"book {sequence}"));
        }

        var snapshot = await Journal.LoadSnapshotAsync("t");
        Assert.Equal((12L, "book 12"), (snapshot!.Value.Sequence, Text(snapshot.Value.Payload)));
    }

    private static JournalBatch Batch(long sequence) => new(sequence, At, Bytes($"batch {sequence}"));

    private static IndexedTransfer Transfer(string id) => new(id, Bytes("fp " + id), Bytes("an " + id));

    private static List<IndexedEntry> Entries(string account, int from, int count) =>
        [.. Enumerable.Range(from, count).Select(i => new IndexedEntry(account, i, i, (long)i * (i + 1) / 2, $"x{i}", i % 3, At, $"memo {i}"))];
}
