using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Storage.Journal;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

public class LedgerGrainTests
{
    private readonly ScriptedJournal _journal = new(new MemoryJournal());

    [Fact]
    public async Task Acknowledged_money_survives_a_restart()
    {
        TransferReceipt first;
        await using (var cluster = await LedgerCluster.StartAsync(_journal))
        {
            Assert.True((await cluster.Ledger().ExecuteAsync(Mint("m", "wallet/a", 1000))).IsOk);
            var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => cluster.Ledger().ExecuteAsync(Post($"t{i}", "wallet/a", $"wallet/b{i % 7}", 3))));
            Assert.All(answers, answer => Assert.True(answer.IsOk));
            first = answers[17].Require();
            Assert.Equal("ledger.insufficient_funds", (await cluster.Ledger().ExecuteAsync(Post("no", "wallet/a", "wallet/b", 1_000))).Refusal?.Code);
        }

        await using (var cluster = await LedgerCluster.StartAsync(_journal))
        {
            Assert.Equal(400, (await cluster.Ledger().GetBalanceAsync("wallet/a")).Posted);
            Assert.Equal(first, (await cluster.Ledger().ExecuteAsync(Post("t17", "wallet/a", "wallet/b3", 3))).Require());
            Assert.Equal("ledger.id_reused", (await cluster.Ledger().ExecuteAsync(Post("t17", "wallet/a", "wallet/b3", 4))).Refusal?.Code);
            Assert.Equal("ledger.insufficient_funds", (await cluster.Ledger().ExecuteAsync(Post("no", "wallet/a", "wallet/b", 1_000))).Refusal?.Code);
            var audit = await cluster.Ledger().AuditAsync();
            Assert.Empty(audit.Problems);
            Assert.Equal((202, 0, 1000, 9), (audit.Transfers, audit.SumOfBalances, audit.Supply, audit.Accounts));
        }
    }

    [Fact]
    public async Task Answers_refusals_and_reads_wait_for_the_batch_they_saw()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var gate = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        _journal.OnAppend = async (_, append) =>
        {
            reached.TrySetResult();
            await gate.Task;
            return await append();
        };
        var post = ledger.ExecuteAsync(Post("t", "a", "b", 60));
        await reached.Task;
        Task[] waiting =
        [
            post,
            ledger.ExecuteAsync(Post("t", "a", "b", 60)),
            ledger.ExecuteAsync(Post("t", "a", "b", 61)),
            ledger.ExecuteAsync(Post("u", "a", "b", 60)),
            ledger.GetBalanceAsync("a"),
            ledger.GetHoldAsync("h"),
            ledger.GetStatementAsync("a", null, 10),
        ];
        // A malformed request saw nothing and need not wait; its answer shows that all before it were looked at.
        Assert.Equal("ledger.unbalanced", (await ledger.ExecuteAsync(new Transfer("x", TransferKind.Post, [new("a", -1), new("b", 2)]))).Refusal?.Code);
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        Assert.Equal(1, await _journal.HeadAsync("uakt"));
        gate.SetResult();
        await Task.WhenAll(waiting);
        Assert.Equal(40, (await ledger.GetBalanceAsync("a")).Posted);
        Assert.Equal("ledger.insufficient_funds", (await ledger.ExecuteAsync(Post("u", "a", "b", 60))).Refusal?.Code);
    }

    [Theory]
    [InlineData(AppendStatus.Unknown, true)]
    [InlineData(AppendStatus.Unknown, false)]
    [InlineData(AppendStatus.Fenced, false)]
    public async Task After_an_append_that_is_not_certain_the_pending_view_is_gone_and_asking_again_tells(AppendStatus status, bool written)
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var reached = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        _journal.OnAppend = async (_, append) =>
        {
            reached.TrySetResult();
            await gate.Task;
            _journal.OnAppend = null;
            if (written)
            {
                await append();
            }

            return status;
        };
        var flying = ledger.ExecuteAsync(Post("t", "a", "b", 60));
        await reached.Task;
        var gathering = ledger.ExecuteAsync(Post("u", "b", "c", 10));
        var read = ledger.GetBalanceAsync("b");
        // Answered at once, after the ones above were looked at.
        Assert.False((await ledger.ExecuteAsync(new Transfer("x", TransferKind.Post, []))).IsOk);
        gate.SetResult();
        await Assert.ThrowsAsync<LedgerUnknownException>(() => flying);
        // Orleans keeps no order among messages: one that came after the loss was answered by the reloaded ledger, of what the journal says.
        long lost = written ? 60 : 0;
        var moved = false;
        if (await AskAgain<bool?>(async () => (await gathering).IsOk) is { } accepted)
        {
            moved = accepted;
            Assert.Equal(written, moved);
        }

        if (await AskAgain<AccountBalance>(async () => await read) is { } seen)
        {
            Assert.Contains(seen.Posted, moved ? [lost, lost - 10] : new[] { lost });
        }

        var balance = await Eventually.Async(() => AskAgain<AccountBalance>(async () => await ledger.GetBalanceAsync("b")), found => found is not null, "the ledger is back");
        Assert.Equal(moved ? lost - 10 : lost, balance!.Posted);
        Assert.True((await ledger.ExecuteAsync(Post("t", "a", "b", 60))).IsOk);
        Assert.True((await ledger.ExecuteAsync(Post("u", "b", "c", 10))).IsOk);
        Assert.Equal((40, 50), ((await ledger.GetBalanceAsync("a")).Posted, (await ledger.GetBalanceAsync("b")).Posted));
        Assert.Empty((await ledger.AuditAsync()).Problems);
    }

    [Fact]
    public async Task A_second_activation_fences_the_first_and_no_money_is_made()
    {
        await using var first = await LedgerCluster.StartAsync(_journal);
        await using var second = await LedgerCluster.StartAsync(_journal);
        await first.Ledger().ExecuteAsync(Mint("m", "a", 100));

        // The indexer reads the journal too: behind the second's batch it would find out before the transfer below does.
        await Eventually.Async(() => _journal.IndexedThroughAsync("uakt"), through => through == 1, "the mint is indexed");
        Assert.True((await second.Ledger().ExecuteAsync(Post("t1", "a", "b", 80))).IsOk);
        // The first still believes in 100: its next batch must not become durable. Where its indexer met the second's rows before that, it has reloaded already and knows better.
        var told = await AskAgain(async () => (object)await first.Ledger().ExecuteAsync(Post("t2", "a", "c", 80)));
        Assert.NotEqual(true, ((Contracts.Common.Result<TransferReceipt>?)told)?.IsOk);
        var again = await Eventually.Async(() => AskAgain(async () => (object)await first.Ledger().ExecuteAsync(Post("t2", "a", "c", 80))), found => found is not null, "the ledger is back");
        Assert.Equal("ledger.insufficient_funds", ((Contracts.Common.Result<TransferReceipt>)again!).Refusal?.Code);
        var audit = await first.Ledger().AuditAsync();
        Assert.Empty(audit.Problems);
        Assert.Equal(100, audit.Supply);
    }

    [Fact]
    public async Task Ids_that_left_memory_are_found_by_key_and_new_ones_cost_no_look_up()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        var mint = await ledger.ExecuteAsync(Mint("m", "a", 1_000));
        for (var i = 0; i < 50; i++)
        {
            await ledger.ExecuteAsync(Post($"t{i}", "a", "b", 1));
        }

        await Eventually.Async(() => _journal.IndexedThroughAsync("uakt"), through => through == 51, "everything is indexed");
        Assert.Equal(0, _journal.Lookups);
        Assert.Equal(mint.Require(), (await ledger.ExecuteAsync(Mint("m", "a", 1_000))).Require());
        Assert.Equal("ledger.id_reused", (await ledger.ExecuteAsync(Mint("m", "a", 1_001))).Refusal?.Code);
        Assert.Equal(2, _journal.Lookups);
        var many = await ledger.ExecuteManyAsync([Post("t3", "a", "b", 1), Post("new", "a", "b", 1), Post("t4", "a", "b", 2), Post("new", "a", "b", 1), null!]);
        Assert.Equal([null, null, "ledger.id_reused", null, "ledger.bad_id"], many.Select(answer => answer.Refusal?.Code));
        Assert.Equal(many[1], many[3]);
        Assert.Equal(51, (await ledger.GetBalanceAsync("b")).Posted);
    }

    [Fact]
    public async Task The_same_stored_id_asked_twice_at_once_happens_once()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options => options.IndexBatch = 1);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000));
        for (var round = 0; round < 20; round++)
        {
            var id = $"t{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ledger.ExecuteAsync(Post(id, "a", "b", 1))));
            Assert.Single(answers.Select(answer => answer.Require()).Distinct());
        }

        Assert.Equal(20, (await ledger.GetBalanceAsync("b")).Posted);
    }

    [Fact]
    public async Task A_statement_pages_across_memory_and_stored_rows_without_gap_or_double()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options => options.IndexBatch = 10);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000));
        for (var i = 0; i < 30; i++)
        {
            await ledger.ExecuteAsync(Post($"t{i}", "a", "b", 1, $"memo {i}"));
        }

        await Eventually.Async(() => _journal.IndexedThroughAsync("uakt"), through => through == 31, "everything so far is indexed");
        var never = new TaskCompletionSource();
        _journal.OnIndex = () => never.Task;
        for (var i = 30; i < 45; i++)
        {
            await ledger.ExecuteAsync(Post($"t{i}", "a", "b", 1, $"memo {i}"));
        }

        foreach (var limit in (int[])[1, 4, 15, 16, 45, 46, 100])
        {
            var lines = new List<StatementLine>();
            string? cursor = null;
            do
            {
                var page = (await ledger.GetStatementAsync("a", cursor, limit)).Require();
                Assert.InRange(page.Lines.Length, 1, limit);
                Assert.Equal((31, 955), (page.IndexedThrough, page.Balance.Posted));
                lines.AddRange(page.Lines);
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            Assert.Equal(Enumerable.Range(1, 46).Reverse().Select(i => (long)i), lines.Select(line => line.EntrySequence));
            Assert.Equal(("t44", "memo 44", 955L, -1L), (lines[0].TransferId, lines[0].Memo, lines[0].BalanceAfter, lines[0].Delta));
            Assert.Equal(("t0", "memo 0", 999L), (lines[44].TransferId, lines[44].Memo, lines[44].BalanceAfter));
            Assert.Equal(1_000, lines[45].Delta);
        }

        never.SetResult();
        Assert.Empty((await ledger.GetStatementAsync("nobody", null, 10)).Require().Lines);
        Assert.Equal("ledger.bad_limit", (await ledger.GetStatementAsync("a", null, 0)).Refusal?.Code);
        Assert.Equal("ledger.bad_cursor", (await ledger.GetStatementAsync("a", "-1", 10)).Refusal?.Code);
        Assert.Equal("ledger.bad_account", (await ledger.GetStatementAsync("a\0", null, 10)).Refusal?.Code);
    }

    [Fact]
    public async Task Holds_work_over_restarts_and_end_by_themselves()
    {
        var clock = new ManualClock();
        await using (var cluster = await LedgerCluster.StartAsync(_journal, clock: clock))
        {
            var ledger = cluster.Ledger();
            await ledger.ExecuteAsync(Mint("m", "a", 100));
            Assert.Equal(50, (await ledger.ExecuteAsync(Hold("h", "a", 50, clock.GetUtcNow().AddMinutes(10)))).Require().HeldLeft);
            Assert.Equal(30, (await ledger.ExecuteAsync(Capture("c", "h", "b", 20))).Require().HeldLeft);
        }

        await using (var cluster = await LedgerCluster.StartAsync(_journal, clock: clock))
        {
            var ledger = cluster.Ledger();
            Assert.Equal(new HoldView("h", "a", 30, clock.GetUtcNow().AddMinutes(10)), await ledger.GetHoldAsync("h"));
            Assert.Equal((80, 30), ((await ledger.GetBalanceAsync("a")).Posted, (await ledger.GetBalanceAsync("a")).Held));
            var before = await _journal.HeadAsync("uakt");
            clock.Advance(TimeSpan.FromMinutes(10));
            // Nobody calls: the ledger's own timer notices.
            await Eventually.Async(() => _journal.HeadAsync("uakt"), head => head == before + 1, "the expiry is in the journal");
            Assert.Null(await ledger.GetHoldAsync("h"));
            Assert.Equal("ledger.unknown_hold", (await ledger.ExecuteAsync(Release("r", "h"))).Refusal?.Code);
            Assert.Equal(80, (await ledger.GetBalanceAsync("a")).Available);
            Assert.Empty((await ledger.AuditAsync()).Problems);
        }
    }

    [Fact]
    public async Task A_snapshot_bounds_recovery_and_knows_every_id()
    {
        await using (var cluster = await LedgerCluster.StartAsync(_journal, options => (options.SnapshotTransfers, options.IndexBatch) = (20, 7)))
        {
            var ledger = cluster.Ledger();
            await ledger.ExecuteAsync(Mint("m", "a", 1_000));
            await ledger.ExecuteAsync(Hold("h", "a", 5));
            for (var i = 0; i < 110; i++)
            {
                await ledger.ExecuteAsync(Post($"t{i}", "a", $"b{i % 5}", 1));
            }

            await Eventually.Async(() => Task.FromResult(_journal.Snapshots), count => count >= 5, "snapshots are kept");
        }

        var snapshot = (await _journal.LoadSnapshotAsync("uakt"))!.Value;
        Assert.InRange(snapshot.Sequence, 100, 112);
        await using (var cluster = await LedgerCluster.StartAsync(_journal))
        {
            var ledger = cluster.Ledger();
            Assert.Equal(890, (await ledger.GetBalanceAsync("a")).Posted);
            Assert.Equal(5, (await ledger.GetHoldAsync("h"))!.Left);
            for (var i = 0; i < 110; i++)
            {
                Assert.Equal("ledger.id_reused", (await ledger.ExecuteAsync(Post($"t{i}", "a", "b", 2))).Refusal?.Code);
            }

            Assert.Empty((await ledger.AuditAsync()).Problems);
        }

        // A broken snapshot is not believed; the journal is.
        await _journal.SaveSnapshotAsync("uakt", snapshot.Sequence, new byte[100]);
        await using (var cluster = await LedgerCluster.StartAsync(_journal))
        {
            Assert.Equal(890, (await cluster.Ledger().GetBalanceAsync("a")).Posted);
            Assert.Empty((await cluster.Ledger().AuditAsync()).Problems);
        }
    }

    [Fact]
    public async Task Too_many_waiting_requests_are_turned_away_untouched()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options => options.PendingMax = 3);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var gate = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        _journal.OnAppend = async (_, append) =>
        {
            reached.TrySetResult();
            await gate.Task;
            return await append();
        };
        var flying = ledger.ExecuteAsync(Post("t", "a", "b", 1));
        await reached.Task;
        var ten = Enumerable.Range(0, 10).Select(i => ledger.ExecuteAsync(Post($"t{i}", "a", "b", 1))).ToArray();
        await Eventually.Async(() => Task.FromResult(ten.Count(task => task.IsFaulted)), faulted => faulted == 7, "three wait, the others are turned away");
        Assert.All(ten.Where(task => task.IsFaulted), task => Assert.IsType<LedgerOverloadedException>(task.Exception!.InnerException));
        gate.SetResult();
        await flying;
        Assert.All(await Task.WhenAll(ten.Where(task => !task.IsFaulted)), answer => Assert.True(answer.IsOk));
        Assert.Equal(4, (await ledger.GetBalanceAsync("b")).Posted);
        // Asked again with the same ids, all ten have happened once.
        for (var i = 0; i < ten.Length; i++)
        {
            Assert.True((await ledger.ExecuteAsync(Post($"t{i}", "a", "b", 1))).IsOk);
        }

        Assert.Equal(11, (await ledger.GetBalanceAsync("b")).Posted);
    }

    [Fact]
    public async Task Unknown_tokens_have_no_ledger_and_tokens_do_not_mix()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        Assert.Equal("ledger.unknown_token", (await cluster.Ledger("udoge").ExecuteAsync(Mint("m", "a", 100))).Refusal?.Code);
        Assert.Equal("ledger.unknown_token", (await cluster.Ledger("AKT").GetStatementAsync("a", null, 1)).Refusal?.Code);
        await cluster.Ledger("uact").ExecuteAsync(Mint("m", "a", 100));
        await cluster.Ledger("uusdc").ExecuteAsync(Mint("m", "a", 7));
        Assert.Equal((100, 7, 0), ((await cluster.Ledger("uact").GetBalanceAsync("a")).Posted, (await cluster.Ledger("uusdc").GetBalanceAsync("a")).Posted, (await cluster.Ledger().GetBalanceAsync("a")).Posted));
        Assert.Equal("ledger.batch_too_large", (await cluster.Ledger().ExecuteManyAsync([.. Enumerable.Repeat(Mint("m", "a", 1), 1001)]))[0].Refusal?.Code);
    }

    private static async Task<T?> AskAgain<T>(Func<Task<T?>> ask)
    {
        try
        {
            return await ask();
        }
        catch (LedgerUnknownException)
        {
            return default;
        }
    }
}
