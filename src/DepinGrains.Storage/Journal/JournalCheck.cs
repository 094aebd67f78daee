using System.Text;
using DepinGrains.Storage.Committing;

namespace DepinGrains.Storage.Journal;

/// <summary>Argument checks all journals share. What the ledger lets in as key is its own duty, so bad keys are a bug; a memo is free text and must never stop the indexer.</summary>
internal static class JournalCheck
{
    /// <summary>Most bytes of a writer id.</summary>
    private const int WriterIdBytesMax = 64;

    public static void Append(string token, JournalBatch batch, ReadOnlyMemory<byte> writerId, int bytesMax)
    {
        Key("token", token);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch.Sequence, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Payload.Length, bytesMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writerId.Length, WriterIdBytesMax);
    }

    public static void Index(string token, long from, long through, IReadOnlyList<IndexedEntry> entries, IReadOnlyList<IndexedTransfer> transfers)
    {
        Key("token", token);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(through, from);
        for (var i = 0; i < entries.Count; i++)
        {
            Key("account", entries[i].Account);
            Key("transfer id", entries[i].TransferId);
        }

        for (var i = 0; i < transfers.Count; i++)
        {
            Key("transfer id", transfers[i].TransferId);
        }
    }

    /// <summary>Entries in the order of their primary key: neighbours land on the same pages.</summary>
    public static IndexedEntry[] InKeyOrder(IReadOnlyList<IndexedEntry> entries)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Account, b.Account) is var order and not 0 ? order : a.EntrySequence.CompareTo(b.EntrySequence));
        return sorted;
    }

    /// <summary>Transfers in the order of their primary key.</summary>
    public static IndexedTransfer[] InKeyOrder(IReadOnlyList<IndexedTransfer> transfers)
    {
        var sorted = transfers.ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.TransferId, b.TransferId));
        return sorted;
    }

    public static void Key(string what, string value)
    {
        if (TextCheck.Problem(what, value, TextCheck.IdentityBytesMax) is { } problem)
        {
            throw new ArgumentException(problem);
        }
    }

    public static bool IsStorable(string value) => TextCheck.Problem("key", value, TextCheck.IdentityBytesMax) is null;

    /// <summary>The memo with what no store takes as text replaced by U+FFFD.</summary>
    public static string Memo(string memo)
    {
        if (TextCheck.Problem("memo", memo, int.MaxValue) is null)
        {
            return memo;
        }

        var clean = new StringBuilder(memo.Length);
        foreach (var rune in memo.EnumerateRunes())
        {
            clean.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return clean.ToString();
    }
}
