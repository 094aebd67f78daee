using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Grains.Ledgers;

/// <summary>Audits one token while it works: the live balances at one sequence, the same from the journal alone, and the stored entries at the index's position.</summary>
internal sealed class LedgerAuditor(LedgerServices services, string token, LedgerBook book, LedgerWriter writer, LedgerIndexer indexer)
{
    private const int ProblemsMax = 50;
    private const int OperationsPerTurn = 20_000;

    public async Task<LedgerAudit> RunAsync()
    {
        // The index stands still meanwhile, so that its rows can be held against one position.
        await indexer.PauseAsync();
        try
        {
            var columns = await writer.ColumnsAsync();
            var (accounts, transfers, holds, supply, sum) = (book.Accounts, book.Transfers, book.OpenHolds, book.Supply, book.Sum());
            var problems = book.Check();
            await writer.WhenDurable(columns.Sequence);
            var (replayed, atIndex) = await ReplayAsync(columns.Sequence, indexer.Position);
            problems.AddRange(replayed.Check());
            problems.AddRange(replayed.Compare(columns));
            await CompareEntriesAsync(replayed, atIndex, problems);
            return new LedgerAudit(token, columns.Sequence, accounts, transfers, (long)sum, supply, holds, [.. problems.Take(ProblemsMax)]);
        }
        finally
        {
            indexer.Resume();
        }
    }

    private async Task<(LedgerBook Book, BookColumns AtIndex)> ReplayAsync(long through, long index)
    {
        var replayed = new LedgerBook(0, services.Options.FilterBytesMax, keepTail: false);
        var atIndex = replayed.Columns();
        var operations = 0L;
        await foreach (var batch in services.Journal.ReadAsync(token, 0))
        {
            if (batch.Sequence > through)
            {
                break;
            }

            replayed.Replay(batch.Sequence, batch.Payload, long.MaxValue);
            if (batch.Sequence == index)
            {
                atIndex = replayed.Columns();
            }

            if (replayed.Transfers - operations > OperationsPerTurn)
            {
                operations = replayed.Transfers;
                await Task.Yield();
            }
        }

        return (replayed, atIndex);
    }

    private async Task CompareEntriesAsync(LedgerBook replayed, BookColumns atIndex, List<string> problems)
    {
        var seen = 0L;
        await foreach (var (account, sum, count, last) in services.Journal.EntrySumsAsync(token))
        {
            seen++;
            if (replayed.CompareEntries(atIndex, account, sum, count, last) is { } problem && problems.Count < ProblemsMax)
            {
                problems.Add(problem);
            }
        }

        var expected = atIndex.Entries.LongCount(static entries => entries > 0);
        if (seen != expected)
        {
            problems.Add($"{seen} accounts have stored entries, {expected} should at sequence {atIndex.Sequence}");
        }

        if (await services.Journal.IndexedThroughAsync(token) is var position && position != atIndex.Sequence)
        {
            problems.Add($"the index moved from {atIndex.Sequence} to {position} during the audit: another activation is at work; audit again");
        }
    }
}
