using System.Runtime.InteropServices;
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

    /// <summary>Entries account by account in the order of their names, else as they came, which is their order: neighbours land on the same pages.</summary>
    public static IndexedEntry[] InKeyOrder(IReadOnlyList<IndexedEntry> entries)
    {
        // Counting places needs one look-up an entry; comparing names would need as many as the logarithm of all.
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var counts = new List<int>();
        var numberOf = new int[entries.Count];
        for (var i = 0; i < numberOf.Length; i++)
        {
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, entries[i].Account, out var known);
            if (!known)
            {
                number = counts.Count;
                counts.Add(0);
            }

            numberOf[i] = number;
            counts[number]++;
        }

        var (names, places) = (new string[numbers.Count], new int[numbers.Count]);
        numbers.Keys.CopyTo(names, 0);
        numbers.Values.CopyTo(places, 0);
        Array.Sort(names, places, StringComparer.Ordinal);
        var next = 0;
        var at = new int[places.Length];
        foreach (var number in places)
        {
            at[number] = next;
            next += counts[number];
        }

        var sorted = new IndexedEntry[numberOf.Length];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[at[numberOf[i]]++] = entries[i];
        }

        return sorted;
    }

    /// <summary>Transfers in the order of their primary key.</summary>
    public static IndexedTransfer[] InKeyOrder(IReadOnlyList<IndexedTransfer> transfers)
    {
        var sorted = transfers.ToArray();
        Array.Sort(Array.ConvertAll(sorted, static transfer => transfer.TransferId), sorted, StringComparer.Ordinal);
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

    /// <summary>The account a walk goes on behind. Throws <see cref="Queries.InvalidCursorException"/> when none can have that name.</summary>
    public static string After(string? account) => account is null || IsStorable(account) ? account ?? "" : throw new Queries.InvalidCursorException();

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
