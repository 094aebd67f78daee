using System.IO.Hashing;

namespace DepinGrains.Domain.Ledgers;

/// <summary>One account's row. An account's number is its place in the order of first use and never changes.</summary>
internal struct AccountRow
{
    /// <summary>What the account owns, minor units.</summary>
    public long Posted;

    /// <summary>The part set aside by holds, minor units.</summary>
    public long Held;

    /// <summary>Entries so far; also the sequence of the newest.</summary>
    public long Entries;

    /// <summary>One more than the ordinal of the newest entry in the tail, 0 = none.</summary>
    public long TailHead;

    /// <summary>Where the name lies.</summary>
    internal int NameAt;
}

/// <summary>
/// Accounts by name and number, sized for millions: rows and names live in chunks that never move, the index is open addressing over numbers.
/// About 75 bytes an account with a 30 character name.
/// </summary>
internal sealed class AccountTable(long hashSeed)
{
    private const int RowBits = 12;
    private const int NameBits = 16;
    private readonly List<AccountRow[]> _rows = [];
    private readonly List<byte[]> _names = [];
    private int _nameFree = 1 << NameBits;

    // hash (high 32 bits) and number + 1 (low 32 bits); 0 = empty
    private ulong[] _slots = new ulong[64];

    public int Count { get; private set; }

    public ref AccountRow this[int number] => ref _rows[number >> RowBits][number & ((1 << RowBits) - 1)];

    public ReadOnlySpan<byte> Name(int number)
    {
        var at = this[number].NameAt;
        var chunk = _names[at >> NameBits];
        var offset = at & ((1 << NameBits) - 1);
        return chunk.AsSpan(offset + 1, chunk[offset]);
    }

    /// <summary>The number of an account, or −1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        var hash = XxHash3.HashToUInt64(name, hashSeed);
        var mask = _slots.Length - 1;
        for (var i = (int)hash & mask; ; i = (i + 1) & mask)
        {
            var slot = _slots[i];
            if (slot == 0)
            {
                return -1;
            }

            if ((uint)(slot >> 32) == (uint)(hash >> 32) && Name((int)(uint)slot - 1).SequenceEqual(name))
            {
                return (int)(uint)slot - 1;
            }
        }
    }

    /// <summary>Adds an account that <see cref="Find"/> did not find.</summary>
    public int Add(ReadOnlySpan<byte> name)
    {
        if ((Count + 1) * 4L > _slots.Length * 3L)
        {
            Grow();
        }

        var number = Count++;
        if (number >> RowBits == _rows.Count)
        {
            _rows.Add(new AccountRow[1 << RowBits]);
        }

        this[number].NameAt = KeepName(name);
        Place(_slots, name, number);
        return number;
    }

    private void Place(ulong[] slots, ReadOnlySpan<byte> name, int number)
    {
        var hash = XxHash3.HashToUInt64(name, hashSeed);
        var mask = slots.Length - 1;
        var i = (int)hash & mask;
        while (slots[i] != 0)
        {
            i = (i + 1) & mask;
        }

        slots[i] = (hash & 0xFFFF_FFFF_0000_0000) | (uint)(number + 1);
    }

    private int KeepName(ReadOnlySpan<byte> name)
    {
        if (_nameFree + name.Length + 1 > 1 << NameBits)
        {
            if (_names.Count >= 1 << (31 - NameBits))
            {
                throw new InvalidOperationException("a ledger holds at most 2 GiB of account names");
            }

            _names.Add(new byte[1 << NameBits]);
            _nameFree = 0;
        }

        var chunk = _names[^1];
        var at = ((_names.Count - 1) << NameBits) | _nameFree;
        chunk[_nameFree] = (byte)name.Length;
        name.CopyTo(chunk.AsSpan(_nameFree + 1));
        _nameFree += name.Length + 1;
        return at;
    }

    private void Grow()
    {
        var slots = new ulong[checked(_slots.Length * 2)];
        for (var number = 0; number < Count; number++)
        {
            Place(slots, Name(number), number);
        }

        _slots = slots;
    }
}
