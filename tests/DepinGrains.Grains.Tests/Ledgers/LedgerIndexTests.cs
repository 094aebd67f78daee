using System.Collections.Concurrent;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>When the rows behind the journal are built, and that nobody misses them meanwhile.</summary>
public class LedgerIndexTests
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(1);
    private readonly ScriptedJournal _journal = new(new MemoryJournal());

    [Fact]
    public async Task Rows_of_a_busy_ledger_fall_behind_to_their_bound_only_and_statements_are_complete_meanwhile()
    {
        const int bound = 400;
        await using var cluster = await LedgerCluster.StartAsync(_journal, options =>
        {
            Busy(options);
            (options.IndexDeferMax, options.IndexBatch) = (bound, 100);
        });
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000_000));
        var sequences = new ConcurrentQueue<long>();
        for (var round = 0; round < 100; round++)
        {
            var answers = await ledger.ExecuteManyAsync([.. Enumerable.Range(0, 30).Select(i => Post($"t{round}/{i}", "a", "b", 1))]);
            Assert.All(answers, answer => sequences.Enqueue(answer.Require().Sequence));
            var through = await _journal.IndexedThroughAsync("uakt");
            // What was committed while the rows of the first hundred were on their way comes on top.
            Assert.InRange(sequences.Count(sequence => sequence > through), 0, bound * 2);
            if (round % 10 == 9)
            {
                Assert.Equal(((round + 1) * 30L) + 1, await CheckStatementAsync(ledger, "a"));
            }
        }

        Assert.InRange(await _journal.IndexedThroughAsync("uakt"), 1, await _journal.HeadAsync("uakt"));
        Assert.Empty((await ledger.AuditAsync()).Problems);
    }

    [Fact]
    public async Task Rows_are_built_by_age_while_the_ledger_goes_on()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options =>
        {
            Busy(options);
            options.IndexAge = TimeSpan.FromMilliseconds(150);
        });
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000_000));
        var sent = 0;
        await Eventually.Async(
            async () =>
            {
                Assert.True((await ledger.ExecuteAsync(Post($"t{sent++}", "a", "b", 1))).IsOk);
                return await _journal.IndexedThroughAsync("uakt");
            },
            static through => through > 1,
            "rows are built");
        Assert.Equal(sent, await CheckStatementAsync(ledger, "b"));
    }

    [Fact]
    public async Task Rows_catch_up_as_soon_as_the_ledger_is_idle()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options =>
        {
            Busy(options);
            options.Tick = TimeSpan.FromMilliseconds(50);
        });
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000_000));
        for (var round = 0; round < 20; round++)
        {
            await ledger.ExecuteManyAsync([.. Enumerable.Range(0, 100).Select(i => Post($"t{round}/{i}", "a", "b", 1))]);
        }

        await Eventually.Async(async () => await _journal.HeadAsync("uakt") - await _journal.IndexedThroughAsync("uakt"), static behind => behind == 0, "everything is indexed");
        Assert.Equal(2_001, await CheckStatementAsync(ledger, "a"));
    }

    [Fact]
    public async Task A_ledger_whose_rows_cannot_be_written_stops_at_its_limit_of_memory_and_goes_on_after_it()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, options =>
        {
            Busy(options);
            (options.IndexDeferMax, options.IndexLagMax) = (100, 300);
            options.Tick = TimeSpan.FromMilliseconds(50);
        });
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 1_000_000));
        var stuck = new TaskCompletionSource();
        _journal.OnIndex = () => stuck.Task;
        var done = 0;
        await Assert.ThrowsAsync<LedgerOverloadedException>(async () =>
        {
            for (; done < 1_000; done += 20)
            {
                await ledger.ExecuteManyAsync([.. Enumerable.Range(done, 20).Select(i => Post($"t{i}", "a", "b", 1))]);
            }
        });
        Assert.InRange(done, 260, 300);
        stuck.SetResult();
        await Eventually.Async(async () => await _journal.HeadAsync("uakt") - await _journal.IndexedThroughAsync("uakt"), static behind => behind == 0, "everything is indexed");
        Assert.True((await ledger.ExecuteAsync(Post("again", "a", "b", 1))).IsOk);
    }

    /// <summary>No moment is calm, nothing grows old, no tick comes: only bounds are left.</summary>
    private static void Busy(LedgerOptions options) => (options.IndexAtOnceRate, options.IndexAge, options.Tick) = (0, Never, Never);

    /// <summary>Walks the whole statement: every entry once, in order, with its balance. Answers how many there are.</summary>
    private static async Task<long> CheckStatementAsync(ILedgerGrain ledger, string account)
    {
        var lines = new List<StatementLine>();
        string? cursor = null;
        do
        {
            var page = (await ledger.GetStatementAsync(account, cursor, 200)).Require();
            lines.AddRange(page.Lines);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(1, lines.Count).Reverse().Select(i => (long)i), lines.Select(line => line.EntrySequence));
        var balance = 0L;
        Assert.All(lines.AsEnumerable().Reverse(), line => Assert.Equal(balance += line.Delta, line.BalanceAfter));
        return lines.Count;
    }
}
