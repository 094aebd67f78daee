using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Gateway.Exports;

/// <summary>Accounts and journals of ledgers as lines, from the store.</summary>
internal sealed class LedgerExport(ILedgerJournal journal, IGrainFactory grains, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Rows of entries follow the journal within seconds; an indexer that stands still must not hold up an export, whose lines say how far they reach.</summary>
    private static readonly TimeSpan IndexPatience = TimeSpan.FromSeconds(15);

    public async IAsyncEnumerable<AccountLine> AccountsAsync(string ledger, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        await IndexedAsync(ledger, cancel);
        await foreach (var balance in journal.BalancesAsync(ledger, after, cancel))
        {
            yield return new AccountLine(ledger, balance.Account, balance.Balance, balance.Entries, balance.Through, $"{ledger}/{balance.Account}");
        }
    }

    /// <summary>
    /// The journal up to its end of now, behind an operation. Batches call accounts by number and by name only once, so they are read from the first one on however late the export begins.
    /// </summary>
    public async IAsyncEnumerable<JournalLine> JournalAsync(string ledger, (long Sequence, int Operation)? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var head = await journal.HeadAsync(ledger, cancel);
        var names = new Dictionary<int, string>();
        await foreach (var batch in journal.ReadAsync(ledger, 0, cancel))
        {
            if (batch.Sequence > head)
            {
                yield break;
            }

            foreach (var line in Lines(ledger, batch, names).Where(l => after is not { } seen || (l.Sequence, l.Operation).CompareTo(seen) > 0))
            {
                yield return line;
            }
        }
    }

    /// <summary>Waits until the rows reach what was in the journal when the export was asked for.</summary>
    private async Task IndexedAsync(string ledger, CancellationToken cancel)
    {
        var head = await journal.HeadAsync(ledger, cancel);
        if (head == 0)
        {
            return;
        }

        // Rows are written by the ledger's activation: it must be there.
        await grains.GetGrain<ILedgerGrain>(ledger).GetBalanceAsync(LedgerAccounts.Issuance);
        for (var since = time.GetTimestamp(); await journal.IndexedThroughAsync(ledger, cancel) < head && time.GetElapsedTime(since) < IndexPatience;)
        {
            await Task.Delay(Look, time, cancel);
        }
    }

    private static ImmutableArray<JournalLine> Lines(string ledger, JournalBatch batch, Dictionary<int, string> names)
    {
        var lines = ImmutableArray.CreateBuilder<JournalLine>();
        var reader = new BatchReader(batch.Payload.Span);
        for (var number = 0; reader.Next(); number++)
        {
            HeldChange? held = null;
            if (reader.HeldAccount >= 0)
            {
                held = new HeldChange(Name(names, reader.HeldAccount, reader.HeldAccountNewName), reader.HeldDelta, reader.HeldLeft);
            }

            var entries = ImmutableArray.CreateBuilder<EntryLine>();
            while (reader.NextEntry(out var entry))
            {
                entries.Add(new EntryLine(Name(names, entry.Account, entry.NewName), entry.Delta, entry.BalanceAfter, entry.Sequence));
            }

            lines.Add(new JournalLine(
                ledger, batch.Sequence, number, new DateTimeOffset(reader.Ticks, TimeSpan.Zero), Encoding.UTF8.GetString(reader.Id), JsonNamingPolicy.SnakeCaseLower.ConvertName(reader.Kind.ToString()), reader.Refusal?.Code,
                reader.HoldId.IsEmpty ? null : Encoding.UTF8.GetString(reader.HoldId), held, Encoding.UTF8.GetString(reader.Memo), entries.DrainToImmutable(), string.Create(CultureInfo.InvariantCulture, $"{ledger}/{batch.Sequence}/{number}")));
        }

        return lines.DrainToImmutable();
    }

    private static string Name(Dictionary<int, string> names, int account, ReadOnlySpan<byte> newName) =>
        newName.IsEmpty ? names[account] : names[account] = Encoding.UTF8.GetString(newName);
}
