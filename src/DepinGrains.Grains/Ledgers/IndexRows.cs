using System.Text;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Grains.Ledgers;

/// <summary>Turns journal batches into the rows of one index transaction. Account names are made once a run: busy accounts come again and again.</summary>
internal sealed class IndexRows(LedgerBook book)
{
    private const int NamesMax = 50_000;
    private const int KeptMax = 4_096;
    private List<IndexedEntry> _entries = [];
    private List<IndexedTransfer> _transfers = [];
    private Dictionary<int, string> _names = [];

    /// <summary>Entries in the journal's order.</summary>
    public IReadOnlyList<IndexedEntry> Entries => _entries;

    /// <summary>Transfer ids in the journal's order.</summary>
    public IReadOnlyList<IndexedTransfer> Transfers => _transfers;

    /// <summary>Begins the next transaction.</summary>
    public void Clear()
    {
        _entries.Clear();
        _transfers.Clear();
        if (_names.Count > NamesMax)
        {
            _names.Clear();
        }
    }

    /// <summary>Ends a run: lets everything go that a calm ledger need not keep.</summary>
    public void Forget()
    {
        if (_transfers.Capacity > KeptMax || _names.Count > KeptMax)
        {
            (_entries, _transfers, _names) = ([], [], []);
        }
        else
        {
            _entries.Clear();
            _transfers.Clear();
        }
    }

    /// <summary>Adds what a sealed batch did.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        var reader = new BatchReader(payload);
        var at = new DateTimeOffset(reader.Ticks, TimeSpan.Zero);
        while (reader.Next())
        {
            if (reader.Kind == JournalKind.Expire)
            {
                continue;
            }

            var id = Encoding.ASCII.GetString(reader.Id);
            var answer = new RememberedAnswer(reader.Refusal, reader.Sequence, reader.Ticks, reader.HeldLeft);
            _transfers.Add(new IndexedTransfer(id, reader.Fingerprint.ToArray(), answer.Encode()));
            var (kind, memo) = ((int)reader.Kind, reader.Memo.IsEmpty ? "" : Encoding.UTF8.GetString(reader.Memo));
            while (reader.NextEntry(out var entry))
            {
                _entries.Add(new IndexedEntry(Name(entry.Account), entry.Sequence, entry.Delta, entry.BalanceAfter, id, kind, at, memo));
            }
        }
    }

    private string Name(int account)
    {
        if (!_names.TryGetValue(account, out var name))
        {
            _names.Add(account, name = book.AccountName(account));
        }

        return name;
    }
}
