using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Grains.Ledgers;

public sealed partial class LedgerGrain
{
    private async Task<Result<Statement>> StatementAsync(string account, long? before, int limit)
    {
        _book.ExpireDue(services.Clock.GetUtcNow());
        var (balance, pending, indexed) = (_book.Balance(account), _book.PendingSequence, _indexer.Position);
        // One more than asked tells whether there is a next page. Lines that are not in memory are surely stored.
        var lines = _book.TailLines(account, before, limit + 1);
        var oldest = lines.Count > 0 ? lines[^1].EntrySequence : Math.Min(before ?? long.MaxValue, _book.EntryCount(account) + 1);
        if (lines.Count <= limit && oldest > 1)
        {
            foreach (var row in await services.Journal.EntriesAsync(_token, account, oldest, limit + 1 - lines.Count))
            {
                lines.Add(new StatementLine(row.EntrySequence, row.TransferId, (TransferKind)row.Kind, row.Delta, row.BalanceAfter, row.At, row.Memo));
            }
        }

        await _fence.PassAsync(pending);
        var more = lines.Count > limit;
        return new Statement(
            balance,
            indexed,
            [.. more ? lines.Take(limit) : lines],
            more ? lines[limit - 1].EntrySequence.ToString(CultureInfo.InvariantCulture) : null);
    }
}
