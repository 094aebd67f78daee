using System.Collections.Concurrent;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Storage.Backup;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>A backup of a ledger at work: journal, index and snapshots are written while it is taken, and what it becomes is a ledger that adds up and knows all it had answered.</summary>
public sealed class LedgerBackupTests : IDisposable
{
    private const string NeedsClients = "skipped: needs pg_dump and pg_restore on the PATH";
    private const int Writers = 4;
    private const long Money = 10_000_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-ledger-backup-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_ledger_restored_from_a_backup_taken_under_load_is_clean_and_knows_every_transfer_answered_before(string kind)
    {
        Assert.SkipUnless(kind == "sqlite" || HasClients(), NeedsClients);
        await using var source = await LedgerStore.CreateAsync(kind);
        await using var target = await LedgerStore.CreateAsync(kind);
        var file = Path.Combine(_folder, "store.backup");
        var before = await BackUpUnderLoadAsync(source, file);

        await StoreBackup.RestoreAsync(target.Options, file);
        await using var cluster = await LedgerCluster.StartAsync((await target.OpenAsync()).Journal, Small);
        var ledger = cluster.Ledger();
        var audit = await ledger.AuditAsync();
        Assert.Empty(audit.Problems);
        Assert.Equal((Money, 0L), (audit.Supply, audit.SumOfBalances));

        // Read first: asking for one that is missing would make it.
        var lines = await StatementAsync(ledger, "wallet/a");
        Assert.Equal(lines.Count, lines.Select(static line => line.TransferId).Distinct().Count());
        var missing = before.Where(static t => t.Transfer.Kind != TransferKind.Hold).Select(static t => t.Transfer.Id).Except(lines.Select(static line => line.TransferId)).ToArray();
        Assert.True(missing.Length == 0, $"{missing.Length} of {before.Count} transfers that were answered before the backup began are not in it: {string.Join(' ', missing.Take(5))}");
        foreach (var (transfer, answer) in before)
        {
            Assert.Equal(answer, (await ledger.ExecuteAsync(transfer)).Require());
        }

        // And it goes on: what was held when the copy was made can be given back, and money moves.
        Assert.True((await ledger.ExecuteAsync(Post("after", "wallet/a", "wallet/b", 1))).IsOk);
        Assert.Empty((await ledger.AuditAsync()).Problems);
    }

    private static void Small(LedgerOptions options) => (options.IndexBatch, options.SnapshotTransfers) = (25, 90);

    private static bool HasClients() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static p => File.Exists(Path.Combine(p, "pg_dump")));

    /// <summary>Takes a backup while money moves; the transfers that were answered before it began, with their answers.</summary>
    private static async Task<IReadOnlyList<(Transfer Transfer, TransferReceipt Answer)>> BackUpUnderLoadAsync(LedgerStore source, string file)
    {
        await using var cluster = await LedgerCluster.StartAsync((await source.OpenAsync()).Journal, Small);
        var ledger = cluster.Ledger();
        (await ledger.ExecuteAsync(Mint("m", "wallet/a", Money))).Require();
        using var stop = new CancellationTokenSource();
        var answered = new ConcurrentQueue<(Transfer Transfer, TransferReceipt Answer)>();
        var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(() => WriteAsync(ledger, w, answered, stop.Token))).ToArray();
        await Eventually.Async(() => Task.FromResult(answered.Count), static count => count >= 500, "500 transfers were answered", 60);
        var before = answered.ToArray();
        Assert.True(await StoreBackup.SaveAsync(source.Options, file) > 0);
        var during = answered.Count;
        await Eventually.Async(() => Task.FromResult(answered.Count), count => count > during, "transfers go on", 60);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        return before;
    }

    private static async Task WriteAsync(ILedgerGrain ledger, int writer, ConcurrentQueue<(Transfer Transfer, TransferReceipt Answer)> answered, CancellationToken stop)
    {
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var id = $"w{writer}/{n}";
            Transfer[] transfers = n % 3 == 0 ? [Hold(id, "wallet/a", 5), Capture(id + "/take", id, $"wallet/b{writer}", 3, close: true)] : [Post(id, "wallet/a", $"wallet/b{writer}", 1, "during a backup")];
            foreach (var transfer in transfers)
            {
                answered.Enqueue((transfer, (await ledger.ExecuteAsync(transfer)).Require()));
            }
        }
    }

    private static async Task<List<StatementLine>> StatementAsync(ILedgerGrain ledger, string account)
    {
        var lines = new List<StatementLine>();
        string? cursor = null;
        do
        {
            var page = (await ledger.GetStatementAsync(account, cursor, 100)).Require();
            lines.AddRange(page.Lines);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return lines;
    }
}
