using System.Text;

namespace DepinGrains.Domain.Ledgers;

// Replay decides nothing: it applies recorded outcomes and insists that they follow from what the book holds.
public sealed partial class LedgerBook
{
    /// <summary>
    /// Applies one batch from the journal. Batches at or below <paramref name="indexedThrough"/> leave only their ids in the filter; later ones are kept in the tail.
    /// A batch the book (loaded from a snapshot) already holds is only remembered, not applied again.
    /// </summary>
    /// <exception cref="LedgerCorruptException">The batch is not what was written, or not the next one.</exception>
    public void Replay(long sequence, ReadOnlyMemory<byte> payload, long indexedThrough)
    {
        if (_open)
        {
            throw new InvalidOperationException("a book with an open batch cannot replay");
        }

        var reader = new BatchReader(payload.Span);
        if (reader.Sequence != sequence)
        {
            throw new LedgerCorruptException($"the batch stored as {sequence} calls itself {reader.Sequence}");
        }

        var apply = sequence == Sequence + 1;
        var remember = _keepTail && sequence > EvictedThrough;
        if ((!apply && sequence > Sequence) || (remember && sequence != EvictedThrough + _tail.Batches + 1))
        {
            throw new LedgerCorruptException($"batch {sequence} does not follow {Sequence}");
        }

        if (apply && reader.PreviousChecksum != _checksum)
        {
            throw new LedgerCorruptException($"batch {sequence} does not continue batch {Sequence}");
        }

        // Everything indexed: no need to keep it, unless older batches already wait in the tail.
        var keep = remember && (sequence > indexedThrough || _tail.Batches > 0);
        var transfers = 0;
        while (reader.Next())
        {
            if (reader.Kind != JournalKind.Expire)
            {
                transfers++;
                if (keep)
                {
                    _tail.AddId(_hashOf(reader.Id), Tail.Location(sequence, reader.Offset));
                }
                else if (remember)
                {
                    _filter.Add(_hashOf(reader.Id));
                }
            }

            Apply(ref reader, apply, keep ? Tail.Location(sequence, reader.Offset) : 0);
        }

        if (keep)
        {
            _tail.Keep(new TailBatch(sequence, reader.Ticks, payload, transfers));
        }
        else if (remember)
        {
            _tail.StartAfter(sequence);
        }

        if (apply)
        {
            Sequence = sequence;
            (_ticks, _checksum) = (reader.Ticks, reader.Checksum);
            Transfers += transfers;
        }
    }

    private void Apply(ref BatchReader reader, bool apply, long location)
    {
        if (reader.Refused)
        {
            return;
        }

        if (apply && reader.Kind != JournalKind.Post)
        {
            ApplyHold(ref reader);
        }

        while (reader.NextEntry(out var entry))
        {
            if (apply)
            {
                Introduce(entry.Account, entry.NewName);
            }

            Known(entry.Account);
            ref var row = ref _accounts[entry.Account];
            if (apply)
            {
                row.Posted += entry.Delta;
                row.Entries++;
                if (row.Posted != entry.BalanceAfter || row.Entries != entry.Sequence)
                {
                    throw new LedgerCorruptException($"batch {reader.Sequence}: account {entry.Account} is at {row.Posted} after {row.Entries} entries, recorded {entry.BalanceAfter} after {entry.Sequence}");
                }
            }

            if (location != 0)
            {
                row.TailHead = _tail.Push(row.TailHead, location);
            }
        }
    }

    private void ApplyHold(ref BatchReader reader)
    {
        Introduce(reader.HeldAccount, reader.HeldAccountNewName);
        Known(reader.HeldAccount);
        var id = Encoding.ASCII.GetString(reader.HoldId.IsEmpty ? reader.Id : reader.HoldId);
        var hold = reader.Kind == JournalKind.Hold ? _holds.Open(id, reader.HeldAccount, reader.ExpiresTicks) : _holds.Find(id);
        if (hold is null || hold.Account != reader.HeldAccount)
        {
            throw new LedgerCorruptException($"batch {reader.Sequence} acts on hold {id}, which is not open there");
        }

        ChangeHold(hold, reader.HeldDelta, reader.Closes);
        if (hold.Left != reader.HeldLeft || (reader.Closes && hold.Left != 0))
        {
            throw new LedgerCorruptException($"batch {reader.Sequence}: hold {id} has {hold.Left} left, recorded {reader.HeldLeft}");
        }
    }

    private void Introduce(int account, ReadOnlySpan<byte> newName)
    {
        if (newName.IsEmpty)
        {
            return;
        }

        if (account != _accounts.Count || _accounts.Find(newName) >= 0)
        {
            throw new LedgerCorruptException($"account {account} is introduced out of order");
        }

        _accounts.Add(newName);
    }

    private void Known(int account)
    {
        if (account >= _accounts.Count)
        {
            throw new LedgerCorruptException($"account {account} was never introduced");
        }
    }
}
