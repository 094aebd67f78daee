namespace DepinGrains.Domain.Ledgers;

/// <summary>What a journal record did. The first five are <see cref="Contracts.Ledgers.TransferKind"/>'s.</summary>
public enum JournalKind
{
    /// <summary>Money moved.</summary>
    Post = 0,

    /// <summary>A hold opened.</summary>
    Hold = 1,

    /// <summary>Held money moved.</summary>
    Capture = 2,

    /// <summary>A hold closed.</summary>
    Release = 3,

    /// <summary>A hold grew.</summary>
    TopUpHold = 4,

    /// <summary>A hold ended by time; has no id of its own and no entries.</summary>
    Expire = 5,
}

/// <summary>One account entry of a journal record, with its outcome.</summary>
public readonly ref struct JournalEntry
{
    internal JournalEntry(int account, ReadOnlySpan<byte> newName, long delta, long balanceAfter, long sequence)
    {
        Account = account;
        NewName = newName;
        Delta = delta;
        BalanceAfter = balanceAfter;
        Sequence = sequence;
    }

    /// <summary>The account's number.</summary>
    public int Account { get; }

    /// <summary>The account's name when this is its first use, else empty.</summary>
    public ReadOnlySpan<byte> NewName { get; }

    /// <summary>Minor units added.</summary>
    public long Delta { get; }

    /// <summary>What the account owns afterwards.</summary>
    public long BalanceAfter { get; }

    /// <summary>The entry's place among the account's, from 1, without gaps.</summary>
    public long Sequence { get; }
}

internal static class JournalFlags
{
    public const byte Version = 1;
    public const byte KindMask = 7;
    public const byte Refused = 8;
    public const byte Closes = 16;
    public const byte Memo = 32;
    public const byte Expiry = 64;
    public const int HeaderBytes = 25;
}
