using System.Text;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

public sealed partial class LedgerBook
{
    /// <summary>True when the name could be an account's.</summary>
    public static bool IsAccountName(string? name) => LedgerText.IsName(name);

    /// <summary>True when an id is not in memory and storage must be asked before anything is decided about it; false for malformed ids.</summary>
    public bool MayBeStored(string? id)
    {
        if (!LedgerText.IsName(id))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[LedgerLimits.NameMax];
        var bytes = LedgerText.Bytes(id!, buffer);
        var hash = _hashOf(bytes);
        return _filter.MayContain(hash) && _tail.FindId(hash, bytes) == 0;
    }

    /// <summary>An account as pending, zeros when it was never used.</summary>
    public AccountBalance Balance(string account)
    {
        var number = Number(account);
        return number < 0
            ? new AccountBalance(account, 0, 0, PendingSequence)
            : new AccountBalance(account, _accounts[number].Posted, _accounts[number].Held, PendingSequence);
    }

    /// <summary>What an account owns as pending, held or not; 0 when it was never used.</summary>
    public long Posted(string account) => Number(account) is var number and >= 0 ? _accounts[number].Posted : 0;

    /// <summary>An open hold as pending, or null.</summary>
    public HoldView? FindHold(string id) => _holds.Find(id) is not { } hold ? null : new HoldView(
        hold.Id,
        Encoding.ASCII.GetString(_accounts.Name(hold.Account)),
        hold.Left,
        hold.ExpiresTicks == Hold.Never ? null : new DateTimeOffset(hold.ExpiresTicks, TimeSpan.Zero));

    /// <summary>The name of an account by its number in the journal.</summary>
    public string AccountName(int number) => Encoding.ASCII.GetString(_accounts.Name(number));

    /// <summary>Entries of an account so far.</summary>
    public long EntryCount(string account) => Number(account) is var number and >= 0 ? _accounts[number].Entries : 0;

    /// <summary>The newest lines of an account that are still in memory, newest first, with entry sequences below <paramref name="before"/> (null = all), at most <paramref name="limit"/>.</summary>
    public List<StatementLine> TailLines(string account, long? before, int limit)
    {
        var lines = new List<StatementLine>();
        var number = Number(account);
        if (number < 0)
        {
            return lines;
        }

        // The chain's place tells an entry's sequence, so lines that are skipped need no decoding.
        var sequence = _accounts[number].Entries;
        for (var head = _accounts[number].TailHead; lines.Count < limit && _tail.TryEntry(head, out var entry); head = entry.Previous, sequence--)
        {
            if (before is null || sequence < before)
            {
                lines.Add(Line(number, entry.Location));
            }
        }

        return lines;
    }

    private StatementLine Line(int account, long location)
    {
        var operation = _tail.OperationAt(location);
        while (operation.NextEntry(out var entry))
        {
            if (entry.Account == account)
            {
                return new StatementLine(
                    entry.Sequence,
                    Encoding.ASCII.GetString(operation.Id),
                    (TransferKind)operation.Kind,
                    entry.Delta,
                    entry.BalanceAfter,
                    new DateTimeOffset(_tail.TicksOf(Tail.SequenceOf(location), _ticks), TimeSpan.Zero),
                    Encoding.UTF8.GetString(operation.Memo));
            }
        }

        throw new InvalidOperationException("the tail's chain points at an operation without the account's entry");
    }

    private int Number(string account)
    {
        if (!LedgerText.IsName(account))
        {
            return -1;
        }

        Span<byte> name = stackalloc byte[LedgerLimits.NameMax];
        return _accounts.Find(LedgerText.Bytes(account, name));
    }
}
