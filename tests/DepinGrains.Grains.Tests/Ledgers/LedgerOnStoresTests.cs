using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>The ledger on the stores that ship, closed and opened again between steps.</summary>
public class LedgerOnStoresTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Money_ids_holds_and_statements_survive_on_a_real_store(string kind)
    {
        await using var store = await LedgerStore.CreateAsync(kind);
        TransferReceipt hold;
        await using (var cluster = await LedgerCluster.StartAsync((await store.OpenAsync()).Journal, Small))
        {
            var ledger = cluster.Ledger();
            await ledger.ExecuteAsync(Mint("m", "wallet/a", 10_000));
            var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => ledger.ExecuteAsync(Post($"t{i}", "wallet/a", $"wallet/b{i % 9}", 1 + (i % 5), i % 2 == 0 ? "" : $"Miete für {i} 😀"))));
            Assert.All(answers, answer => Assert.True(answer.IsOk));
            hold = (await ledger.ExecuteAsync(Hold("h", "wallet/a", 500, cluster.Clock.GetUtcNow().AddHours(1)))).Require();
            Assert.True((await ledger.ExecuteAsync(Capture("c", "h", "wallet/z", 120))).IsOk);
            Assert.Equal("ledger.insufficient_funds", (await ledger.ExecuteAsync(Post("big", "wallet/a", "wallet/b", 1_000_000))).Refusal?.Code);
        }

        await store.CloseAsync();
        await using (var cluster = await LedgerCluster.StartAsync((await store.OpenAsync()).Journal, Small))
        {
            var ledger = cluster.Ledger();
            Assert.Equal((10_000 - 900 - 120, 380), ((await ledger.GetBalanceAsync("wallet/a")).Posted, (await ledger.GetBalanceAsync("wallet/a")).Held));
            Assert.Equal(hold, (await ledger.ExecuteAsync(Hold("h", "wallet/a", 500, cluster.Clock.GetUtcNow().AddHours(1)))).Require());
            Assert.Equal("ledger.insufficient_funds", (await ledger.ExecuteAsync(Post("big", "wallet/a", "wallet/b", 1_000_000))).Refusal?.Code);
            Assert.Equal("ledger.id_reused", (await ledger.ExecuteAsync(Post("t5", "wallet/a", "wallet/b5", 77))).Refusal?.Code);
            await CheckStatementAsync(ledger);
            var audit = await ledger.AuditAsync();
            Assert.Empty(audit.Problems);
            Assert.Equal((304, 10_000, 1), (audit.Transfers, audit.Supply, audit.OpenHolds));
        }
    }

    [Theory]
    [InlineData("postgres")]
    public async Task Two_activations_on_one_database_cannot_both_write(string kind)
    {
        await using var store = await LedgerStore.CreateAsync(kind);
        await using var first = await LedgerCluster.StartAsync((await store.OpenAsync()).Journal, Small);
        await using var second = await LedgerCluster.StartAsync((await store.OpenAsync()).Journal, Small);
        await first.Ledger().ExecuteAsync(Mint("m", "a", 1_000));
        // Both silos take turns, each knocking the other's activation out; what is acknowledged anywhere stays.
        var acknowledged = 0;
        for (var i = 0; i < 40; i++)
        {
            var ledger = (i % 4 < 2 ? first : second).Ledger();
            var transfer = Post($"t{i}", "a", "b", 1);
            await Eventually.Async(async () => await TryAsync(ledger, transfer), ok => ok, $"t{i} is acknowledged");
            acknowledged++;
        }

        var audit = await Eventually.Async(() => AuditAsync(second.Ledger()), found => found is { IsClean: true }, "a clean audit");
        Assert.Equal((41, 1_000), (audit!.Transfers, audit.Supply));
        Assert.Equal(acknowledged, (await second.Ledger().GetBalanceAsync("b")).Posted);
    }

    private static void Small(LedgerOptions options) => (options.IndexBatch, options.SnapshotTransfers) = (25, 90);

    private static async Task CheckStatementAsync(ILedgerGrain ledger)
    {
        var lines = new List<StatementLine>();
        string? cursor = null;
        do
        {
            var page = (await ledger.GetStatementAsync("wallet/a", cursor, 37)).Require();
            lines.AddRange(page.Lines);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(302, lines.Count);
        Assert.Equal(Enumerable.Range(1, 302).Reverse().Select(i => (long)i), lines.Select(line => line.EntrySequence));
        Assert.Equal(("c", TransferKind.Capture, -120L), (lines[0].TransferId, lines[0].Kind, lines[0].Delta));
        Assert.Equal("Miete für 1 😀", lines.Single(line => line.TransferId == "t1").Memo);
        var balance = 0L;
        foreach (var line in lines.AsEnumerable().Reverse())
        {
            Assert.Equal(balance += line.Delta, line.BalanceAfter);
        }
    }

    private static async Task<bool> TryAsync(ILedgerGrain ledger, Transfer transfer)
    {
        try
        {
            return (await ledger.ExecuteAsync(transfer)).IsOk;
        }
        catch (LedgerUnknownException)
        {
            return false;
        }
    }

    private static async Task<LedgerAudit?> AuditAsync(ILedgerGrain ledger)
    {
        try
        {
            return await ledger.AuditAsync();
        }
        catch (LedgerUnknownException)
        {
            return null;
        }
    }
}
