namespace DepinGrains.Domain.Ledgers;

/// <summary>A journal or snapshot does not say what was written: storage is broken or foreign. The ledger stops; nothing is guessed.</summary>
public sealed class LedgerCorruptException : Exception
{
    public LedgerCorruptException()
    {
    }

    public LedgerCorruptException(string message)
        : base(message)
    {
    }

    public LedgerCorruptException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
