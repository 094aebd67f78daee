using System.Diagnostics;
using System.Globalization;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>The book alone: decisions a second on one core, memory of 1 M accounts, snapshot and its load, replay of 10 M transfers.</summary>
internal static class LedgerMemoryBenchmark
{
    private const int Accounts = 1_000_000;
    private const int BatchTransfers = 200;

    public static Task RunAsync(string[] args)
    {
        var transfers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
        var before = Settled();
        var (book, journal) = Mint();
        Console.WriteLine($"{book.Accounts:N0} accounts: {(Settled() - before - journal.Sum(batch => (long)batch.Payload.Length)) / 1e6:N0} MB");
        Decide(book, journal, transfers);
        var after = Settled();
        var bytes = journal.Sum(batch => (long)batch.Payload.Length);
        Console.WriteLine($"with {transfers:N0} ids in the filter: {(after - before - bytes) / 1e6:N0} MB beside the journal's {bytes / 1e6:N0} MB ({(double)bytes / book.Transfers:F0} bytes a transfer)");
        Snapshot(book);
        var (started, cpuStarted) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var replayed = new LedgerBook(3);
        foreach (var batch in journal)
        {
            replayed.Replay(batch.Sequence, batch.Payload, long.MaxValue);
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine($"replay of {replayed.Transfers:N0} transfers: {seconds:F1} s, {replayed.Transfers / seconds:N0}/s, {(Environment.CpuUsage.TotalTime - cpuStarted).TotalSeconds:F1} s of CPU; {(replayed.Compare(book.Columns()).Count == 0 ? "equal" : "DIFFERENT")}");
        return Task.CompletedTask;
    }

    private static (LedgerBook Book, List<SealedBatch> Journal) Mint()
    {
        var book = new LedgerBook(17);
        var journal = new List<SealedBatch>();
        var now = DateTimeOffset.UnixEpoch;
        for (var i = 0; i < Accounts; i++)
        {
            Execute(book, new Transfer(string.Create(CultureInfo.InvariantCulture, $"mint/{i}"), TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -1_000_000), new Leg(Name(i), 1_000_000)]), now);
            Seal(book, journal, i);
        }

        return (book, journal);
    }

    private static void Decide(LedgerBook book, List<SealedBatch> journal, int transfers)
    {
        var random = new Random(5);
        var names = Enumerable.Range(0, Accounts).Select(Name).ToArray();
        var (spent, cpu) = (TimeSpan.Zero, TimeSpan.Zero);
        var requests = new Transfer[BatchTransfers];
        for (var n = 0; n < transfers; n += BatchTransfers)
        {
            for (var i = 0; i < BatchTransfers; i++)
            {
                var from = random.Next(Accounts);
                requests[i] = new Transfer(string.Create(CultureInfo.InvariantCulture, $"{random.NextInt64():x16}-{n + i:D19}"), TransferKind.Post, [new Leg(names[from], -1), new Leg(names[(from + 7) % Accounts], 1)]);
            }

            var (started, cpuStarted) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            foreach (var request in requests)
            {
                Execute(book, request, DateTimeOffset.UnixEpoch);
            }

            Seal(book, journal, BatchTransfers - 1);
            spent += Stopwatch.GetElapsedTime(started);
            cpu += Environment.CpuUsage.TotalTime - cpuStarted;
        }

        Console.WriteLine($"decisions (sealed, evicted, on one thread): {transfers / spent.TotalSeconds:N0}/s, {cpu.TotalMicroseconds / transfers:F2} us of CPU each");
    }

    // The filter's false alarms: storage would be asked and hold none.
    private static void Execute(LedgerBook book, Transfer transfer, DateTimeOffset now)
    {
        var outcome = book.Execute(transfer, now);
        if ((outcome.NeedsLookup ? book.Execute(transfer, now, default(StoredId)) : outcome).Refusal is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private static void Snapshot(LedgerBook book)
    {
        var started = Stopwatch.GetTimestamp();
        var snapshot = book.Snapshot();
        var taken = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();
        var loaded = LedgerBook.Load(snapshot);
        Console.WriteLine($"snapshot: {snapshot.Length / 1e6:N0} MB taken in {taken.TotalMilliseconds:N0} ms, loaded in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms, {loaded.Accounts:N0} accounts");
    }

    private static void Seal(LedgerBook book, List<SealedBatch> journal, int i)
    {
        if (i % BatchTransfers == BatchTransfers - 1)
        {
            journal.Add(book.Seal()!);
            book.EvictThrough(book.Sequence - 1);
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
