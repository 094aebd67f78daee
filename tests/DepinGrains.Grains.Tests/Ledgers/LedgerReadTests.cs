using DepinGrains.Contracts.Ledgers;
using DepinGrains.Storage;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>What is read of a ledger is never older than what was acknowledged before it was asked, whoever else writes.</summary>
public class LedgerReadTests
{
    private readonly ScriptedJournal _journal = new(new MemoryJournal());

    public static TheoryData<string> Reads => ["balance", "balances", "hold", "statement", "audit"];

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task An_overtaken_activation_shows_nothing_of_its_old_book(string read)
    {
        await using var first = await LedgerCluster.StartAsync(_journal);
        await using var second = await LedgerCluster.StartAsync(_journal);
        await first.Ledger().ExecuteAsync(Mint("m", "a", 100));
        await first.Ledger().ExecuteAsync(Hold("h", "a", 10));
        Assert.Equal("100 10 2", await ReadAsync(first, "balance"));
        Assert.True((await first.Ledger().AuditAsync()).IsClean);

        // Nothing is left for the first's indexer, which would meet the second's batches too: only the read itself can find out.
        await Eventually.Async(() => _journal.IndexedThroughAsync("uakt"), through => through == 2, "all is indexed");
        Assert.True((await second.Ledger().ExecuteAsync(Post("t", "a", "b", 30))).IsOk);
        Assert.True((await second.Ledger().ExecuteAsync(Release("r", "h"))).IsOk);
        var seen = new List<string>();
        await Eventually.Async(
            async () =>
            {
                try
                {
                    seen.Add(await ReadAsync(first, read));
                }
                catch (LedgerUnknownException)
                {
                    // Ask again, it says.
                }

                return seen.Count;
            },
            count => count == 3,
            "the ledger is back");
        Assert.Single(seen.Distinct());
        Assert.Equal(await ReadAsync(second, read), seen[0]);
    }

    [Fact]
    public async Task Reads_of_an_idle_ledger_share_a_question_and_a_busy_one_asks_none()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var (gate, before) = (new TaskCompletionSource(), _journal.Heads);
        _journal.OnHead = () => gate.Task;
        var reads = Enumerable.Range(0, 100).Select(_ => ledger.GetBalanceAsync("a")).ToArray();

        // A malformed request is answered at once: everything before it was looked at.
        Assert.False((await ledger.ExecuteAsync(new Transfer("x", TransferKind.Post, []))).IsOk);
        Assert.All(reads, read => Assert.False(read.IsCompleted));
        gate.SetResult();
        Assert.All(await Task.WhenAll(reads), balance => Assert.Equal(100, balance.Posted));

        // Orleans keeps no order among messages: some may come after the answer to the malformed one, and share later questions.
        Assert.InRange(_journal.Heads - before, 1, 20);

        // What a read saw goes into the journal after it came: the append itself tells whether this is still the writer.
        var (opened, append, reached) = (_journal.Heads, new TaskCompletionSource(), new TaskCompletionSource());
        _journal.OnAppend = async (_, go) =>
        {
            reached.TrySetResult();
            await append.Task;
            return await go();
        };
        var flying = ledger.ExecuteAsync(Post("t", "a", "b", 1));
        await reached.Task;
        var joined = ledger.ExecuteAsync(Post("u", "a", "b", 1));
        Assert.False((await ledger.ExecuteAsync(new Transfer("x", TransferKind.Post, []))).IsOk);
        Task[] waiting = [flying, joined, .. Enumerable.Range(0, 10).Select(_ => ledger.GetBalanceAsync("b"))];
        Assert.False((await ledger.ExecuteAsync(new Transfer("x", TransferKind.Post, []))).IsOk);
        append.SetResult();
        await Task.WhenAll(waiting);
        Assert.InRange(_journal.Heads - opened, 0, 3);
    }

    [Fact]
    public async Task While_storage_cannot_say_who_writes_no_balance_is_shown_and_afterwards_it_is()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        _journal.OnHead = () => Task.FromException(new StoreUnavailableException("away"));
        await Assert.ThrowsAnyAsync<Exception>(() => ledger.GetBalanceAsync("a"));
        _journal.OnHead = null;
        Assert.Equal(100, (await ledger.GetBalanceAsync("a")).Posted);
        Assert.Equal(1, _journal.Replays);
    }

    private static async Task<string> ReadAsync(LedgerCluster cluster, string read)
    {
        var ledger = cluster.Ledger();
        return read switch
        {
            "balance" => await ledger.GetBalanceAsync("a") is var balance ? $"{balance.Posted} {balance.Held} {(await ledger.GetBalancesAsync(["a"])).Require().Sequence}" : "",
            "balances" => $"{string.Join(' ', (await ledger.GetBalancesAsync(["a", "b"])).Require().Posted)}",
            "hold" => $"{(await ledger.GetHoldAsync("h"))?.Left}",
            "statement" => $"{string.Join(' ', (await ledger.GetStatementAsync("a", null, 10)).Require().Lines.Select(static line => line.TransferId))}",
            _ => $"{(await ledger.AuditAsync()).Sequence}",
        };
    }
}
