using System.Text;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage.Journal;

namespace DepinGrains.Simulation.Checks;

/// <summary>A second set of books, kept from the journal alone as it is written: every batch must follow from the one before, every operation must conserve money.</summary>
internal sealed class LedgerShadow(Problems problems)
{
    private readonly SortedDictionary<string, Books> _books = new(StringComparer.Ordinal);

    public IEnumerable<string> Tokens => _books.Keys;

    /// <summary>What an account owns and has set aside, as of the newest batch.</summary>
    public (long Posted, long Held) Balance(string token, string account) => _books.TryGetValue(token, out var books) ? books.Of(account) : default;

    /// <summary>Open holds with what is left.</summary>
    public IReadOnlyDictionary<string, long> Holds(string token) => _books.TryGetValue(token, out var books) ? books.OpenHolds : new SortedDictionary<string, long>();

    public void Appended(string token, JournalBatch batch)
    {
        if (!_books.TryGetValue(token, out var books))
        {
            _books.Add(token, books = new Books(token, problems));
        }

        books.Append(batch);
    }

    private sealed class Books(string token, Problems problems)
    {
        private readonly List<string> _names = [];
        private readonly Dictionary<string, (long Posted, long Held)> _accounts = new(StringComparer.Ordinal);
        private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
        private long _sequence;
        private uint _checksum;

        public SortedDictionary<string, long> OpenHolds { get; } = new(StringComparer.Ordinal);

        public (long Posted, long Held) Of(string account) => _accounts.GetValueOrDefault(account);

        public void Append(JournalBatch batch)
        {
            var reader = new BatchReader(batch.Payload.Span);
            problems.Unless(reader.Sequence == ++_sequence, $"ledger {token}: batch {reader.Sequence} follows {_sequence - 1}");
            problems.Unless(_sequence == 1 || reader.PreviousChecksum == _checksum, $"ledger {token}: batch {reader.Sequence} does not know its predecessor");
            _checksum = reader.Checksum;
            while (reader.Next())
            {
                Operation(ref reader);
            }
        }

        private void Operation(ref BatchReader reader)
        {
            var id = Encoding.ASCII.GetString(reader.Id);
            if (reader.Kind != JournalKind.Expire)
            {
                problems.Unless(_ids.Add(id), $"ledger {token}: transfer {id} was decided twice");
            }

            if (reader.Refused)
            {
                return;
            }

            if (reader.Kind != JournalKind.Post)
            {
                Hold(ref reader, id);
            }

            var sum = 0L;
            while (reader.NextEntry(out var entry))
            {
                var account = Name(entry.Account, entry.NewName);
                var (posted, held) = Of(account);
                sum += entry.Delta;
                posted += entry.Delta;
                problems.Unless(posted == entry.BalanceAfter, $"ledger {token}: {id} leaves {account} at {entry.BalanceAfter}, it should be {posted}");
                _accounts[account] = (posted, held);
                Floor(account);
            }

            problems.Unless(sum == 0, $"ledger {token}: the legs of {id} sum to {sum}");
        }

        private void Hold(ref BatchReader reader, string id)
        {
            var account = Name(reader.HeldAccount, reader.HeldAccountNewName);
            var (posted, held) = Of(account);
            _accounts[account] = (posted, held + reader.HeldDelta);
            Floor(account);
            var hold = reader.Kind is JournalKind.Hold or JournalKind.Expire ? id : Encoding.ASCII.GetString(reader.HoldId);
            problems.Unless(reader.Kind == JournalKind.Hold || OpenHolds.ContainsKey(hold), $"ledger {token}: {id} acts on hold {hold}, which is not open");
            if (reader.Closes)
            {
                OpenHolds.Remove(hold);
            }
            else
            {
                OpenHolds[hold] = reader.HeldLeft;
            }
        }

        private void Floor(string account)
        {
            var (posted, held) = Of(account);
            problems.Unless(held >= 0, $"ledger {token}: {account} holds {held}");
            // In the middle of an operation what is captured is already unheld, so the order of checks cannot hide a shortage.
            problems.Unless(account == LedgerAccounts.Issuance || posted >= 0, $"ledger {token}: {account} is at {posted}");
            problems.Unless(account == LedgerAccounts.Issuance || posted - held >= 0, $"ledger {token}: {account} has {posted} and holds {held}");
        }

        private string Name(int number, ReadOnlySpan<byte> newName)
        {
            if (number == _names.Count && newName.Length > 0)
            {
                _names.Add(Encoding.ASCII.GetString(newName));
            }

            return _names[number];
        }
    }
}
