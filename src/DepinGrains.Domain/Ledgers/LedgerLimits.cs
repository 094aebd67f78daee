namespace DepinGrains.Domain.Ledgers;

/// <summary>Hard limits of the ledger; part of the contract, not configuration, because journals are replayed under them.</summary>
public static class LedgerLimits
{
    /// <summary>Longest transfer id or account name, characters of <c>[A-Za-z0-9:/._-]</c>.</summary>
    public const int NameMax = 128;

    /// <summary>Most legs of one transfer.</summary>
    public const int LegsMax = 64;

    /// <summary>Longest memo, UTF-16 characters.</summary>
    public const int MemoMax = 200;

    /// <summary>Largest amount of a leg and largest absolute balance or held sum, minor units: 2^62, so that the difference of any two never overflows.</summary>
    public const long AmountMax = 1L << 62;

    /// <summary>Upper bound of one encoded operation, bytes: names, memo and legs at their limits with every number at its longest.</summary>
    internal const int OperationBytesMax = 16 * 1024;

    /// <summary>Largest encoded batch, bytes; a location in a batch is kept in 25 bits.</summary>
    public const int BatchBytesMax = 1 << 25;
}
