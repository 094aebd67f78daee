using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>
/// A ledger of a million accounts: the memory of its book, and its activation from a real store, by snapshot and by replaying ten million transfers. The journal is written by a book of
/// our own straight into the store, in batches of 200, as the ledger writes it; the index position stands at the head, as it does in a ledger at rest.
/// </summary>
internal static class LedgerMemoryScenario
{
    private const int BatchTransfers = 200;
    private static readonly byte[] Writer = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    public static async Task RunAsync(Bench bench)
    {
        var accounts = bench.Settings.Size(1_000_000, 200_000);
        var transfers = bench.Settings.Size(10_000_000, 1_000_000);
        using var folder = new TemporaryFolder();
        var options = new StoreOptions { Kind = "sqlite", Connection = folder.File("depin.db") };
        byte[] snapshot;
        long sequence;
        await using (var store = StoreRegistration.Open(options, []))
        {
            await store.Migrator.MigrateAsync();
            var (machine, before) = (Machine.Watch(), Settled());
            var book = new LedgerBook(17);
            var started = Stopwatch.GetTimestamp();
            await FillAsync(store.Journal, book, accounts, accounts, Mint);
            var bytes = Settled() - before;
            bench.AddAtMost("ledger-memory", string.Create(CultureInfo.InvariantCulture, $"book of {book.Accounts:N0} accounts"), bytes / 1e6, "MB", 300.0 * accounts / 1_000_000, machine.Stop(), "SQLite", "one process", "managed memory, ids of the mints in the filter");
            var random = new Random(5);
            await FillAsync(store.Journal, book, accounts, transfers, (n, names) => Move(n, names, random));
            Bench.Say($"{book.Transfers:N0} transfers written to the journal in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s; the book holds {(Settled() - before) / 1e6:N0} MB");
            (snapshot, sequence) = (book.Snapshot(), book.Sequence);
            Require(await store.Journal.IndexAsync(LedgerHost.Token, 0, sequence, [], []));
            GC.KeepAlive(book);
        }

        await ActivateAsync(bench, options, string.Create(CultureInfo.InvariantCulture, $"activation by replay of {accounts + transfers:N0} transfers"), 15.0 * transfers / 10_000_000);
        await using (var store = StoreRegistration.Open(options, []))
        {
            await store.Journal.SaveSnapshotAsync(LedgerHost.Token, sequence, snapshot);
        }

        await ActivateAsync(bench, options, string.Create(CultureInfo.InvariantCulture, $"activation with a snapshot of {accounts:N0} accounts ({snapshot.Length / 1e6:N0} MB)"), 2.0 * accounts / 1_000_000);
    }

    /// <summary>From the first call to its answer.</summary>
    private static async Task ActivateAsync(Bench bench, StoreOptions options, string what, double aim)
    {
        await using var host = await LedgerHost.StartAsync(options, seed: false);
        var (machine, started) = (Machine.Watch(), Stopwatch.GetTimestamp());
        var audit = await AnsweredAsync(host.Ledger);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Bench.Say($"{what}: {seconds:F2} s (issuance {audit.Posted:N0})");
        bench.AddAtMost("ledger-memory", what, seconds, "s", aim, machine.Stop(), "SQLite", "one process");
    }

    /// <summary>On a busy machine an activation takes longer than a call may: the activation goes on, the question is asked again.</summary>
    private static async Task<AccountBalance> AnsweredAsync(ILedgerGrain ledger)
    {
        for (var asked = 1; ; asked++)
        {
            try
            {
                return await ledger.GetBalanceAsync(LedgerAccounts.Issuance);
            }
            catch (TimeoutException) when (asked < 10)
            {
                // Counted by the caller's clock.
            }
        }
    }

    private static async Task FillAsync(ILedgerJournal journal, LedgerBook book, int accounts, int count, Func<int, string[], Transfer> make)
    {
        var names = Enumerable.Range(0, accounts).Select(Name).ToArray();
        var under = new Queue<Task<AppendStatus>>();
        for (var n = 0; n < count; n++)
        {
            Execute(book, make(n, names));
            if (n % BatchTransfers == BatchTransfers - 1 || n == count - 1)
            {
                var batch = book.Seal()!;
                book.EvictThrough(book.Sequence - 1);
                under.Enqueue(journal.AppendAsync(LedgerHost.Token, new JournalBatch(batch.Sequence, batch.At, batch.Payload), Writer));
                if (under.Count > 64)
                {
                    Require(await under.Dequeue() == AppendStatus.Appended);
                }
            }
        }

        while (under.TryDequeue(out var append))
        {
            Require(await append == AppendStatus.Appended);
        }
    }

    private static Transfer Mint(int n, string[] names) =>
        new(string.Create(CultureInfo.InvariantCulture, $"mint/{n}"), TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -1_000_000), new Leg(names[n], 1_000_000)]);

    private static Transfer Move(int n, string[] names, Random random)
    {
        var from = random.Next(names.Length);
        return new(string.Create(CultureInfo.InvariantCulture, $"{random.NextInt64():x16}-{n:D19}"), TransferKind.Post, [new Leg(names[from], -1), new Leg(names[(from + 7) % names.Length], 1)]);
    }

    // The filter's false alarms: storage would be asked and hold none.
    private static void Execute(LedgerBook book, Transfer transfer)
    {
        var outcome = book.Execute(transfer, DateTimeOffset.UnixEpoch);
        if ((outcome.NeedsLookup ? book.Execute(transfer, DateTimeOffset.UnixEpoch, default(StoredId)) : outcome).Refusal is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("the journal did not take a batch");
        }
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"wallet/identity-{i:D14}");

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(true);
    }
}
