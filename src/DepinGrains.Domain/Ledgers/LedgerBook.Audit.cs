using System.Text;

namespace DepinGrains.Domain.Ledgers;

/// <summary>Balances at one sequence, by account number: what an audit compares.</summary>
/// <param name="Sequence">The sequence they hold at.</param>
/// <param name="Posted">Owned, minor units.</param>
/// <param name="Held">Set aside, minor units.</param>
/// <param name="Entries">Entries so far.</param>
public sealed record BookColumns(long Sequence, long[] Posted, long[] Held, long[] Entries);

public sealed partial class LedgerBook
{
    private const int ProblemsMax = 20;

    /// <summary>Supply: what issuance is below zero.</summary>
    public long Supply => -Balance(IssuanceName).Posted;

    /// <summary>Sum of all balances; 0 in a sound book.</summary>
    public Int128 Sum()
    {
        Int128 sum = 0;
        for (var number = 0; number < _accounts.Count; number++)
        {
            sum += _accounts[number].Posted;
        }

        return sum;
    }

    /// <summary>A copy of the balances; only between batches.</summary>
    public BookColumns Columns()
    {
        if (_open)
        {
            throw new InvalidOperationException("columns are taken between batches");
        }

        var count = _accounts.Count;
        var columns = new BookColumns(Sequence, new long[count], new long[count], new long[count]);
        for (var number = 0; number < count; number++)
        {
            ref var row = ref _accounts[number];
            (columns.Posted[number], columns.Held[number], columns.Entries[number]) = (row.Posted, row.Held, row.Entries);
        }

        return columns;
    }

    /// <summary>What is wrong inside the book: the sum, floors, holds against accounts. Empty = nothing.</summary>
    public List<string> Check()
    {
        var problems = new List<string>();
        if (Sum() is var sum && sum != 0)
        {
            problems.Add($"balances sum to {sum}, not to 0");
        }

        var held = new Int128[_accounts.Count];
        var expiring = 0;
        foreach (var hold in _holds.InOrder())
        {
            held[hold.Account] += hold.Left;
            expiring += hold.ExpiresTicks == Hold.Never ? 0 : 1;
            if (hold.Left < 0)
            {
                Add(problems, $"hold {hold.Id} has {hold.Left} left");
            }
        }

        if (expiring != _holds.ExpiringCount)
        {
            Add(problems, $"{expiring} holds expire, {_holds.ExpiringCount} are in the expiry order");
        }

        var issuance = _accounts.Find("issuance"u8);
        for (var number = 0; number < _accounts.Count; number++)
        {
            ref var row = ref _accounts[number];
            if (row.Held != held[number])
            {
                Add(problems, $"{AccountName(number)} has {row.Held} held, its holds have {held[number]}");
            }

            if (number != issuance && row.Posted - row.Held < 0)
            {
                Add(problems, $"{AccountName(number)} is below its floor: {row.Posted} owned, {row.Held} held");
            }
        }

        return problems;
    }

    /// <summary>Compares this book, at the columns' sequence, with them.</summary>
    public List<string> Compare(BookColumns columns)
    {
        var problems = new List<string>();
        if (columns.Sequence != Sequence || columns.Posted.Length != _accounts.Count)
        {
            problems.Add($"replay has {_accounts.Count} accounts at {Sequence}, the ledger {columns.Posted.Length} at {columns.Sequence}");
            return problems;
        }

        for (var number = 0; number < columns.Posted.Length; number++)
        {
            ref var row = ref _accounts[number];
            if (row.Posted != columns.Posted[number] || row.Held != columns.Held[number] || row.Entries != columns.Entries[number])
            {
                Add(problems, $"{AccountName(number)}: the journal gives {row.Posted} owned, {row.Held} held after {row.Entries} entries; the ledger {columns.Posted[number]}, {columns.Held[number]} after {columns.Entries[number]}");
            }
        }

        return problems;
    }

    /// <summary>Compares one account's stored entries with columns taken at the index position; null = equal.</summary>
    public string? CompareEntries(BookColumns columns, string account, long sum, long count, long lastBalance)
    {
        var number = Number(account);
        var (posted, entries) = number >= 0 && number < columns.Posted.Length ? (columns.Posted[number], columns.Entries[number]) : (0, 0);
        return sum == posted && lastBalance == posted && count == entries
            ? null
            : $"{account}: {count} stored entries sum to {sum} and end at {lastBalance}; the journal gives {entries} and {posted}";
    }

    private static void Add(List<string> problems, string problem)
    {
        if (problems.Count < ProblemsMax)
        {
            problems.Add(problem);
        }
    }
}
