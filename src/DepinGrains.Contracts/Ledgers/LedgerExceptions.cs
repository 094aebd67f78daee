namespace DepinGrains.Contracts.Ledgers;

/// <summary>What became of the request is not known; the ledger is reloading its journal. Ask again with the same id: it happens once or is answered as it was.</summary>
[GenerateSerializer, Alias("depin.ledger.unknown_exception.v1")]
public sealed class LedgerUnknownException : Exception
{
    public LedgerUnknownException()
    {
    }

    public LedgerUnknownException(string message)
        : base(message)
    {
    }

    public LedgerUnknownException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Too many requests wait for the journal; this one was not looked at. Try again, with the same id, a little later.</summary>
[GenerateSerializer, Alias("depin.ledger.overloaded_exception.v1")]
public sealed class LedgerOverloadedException : Exception
{
    public LedgerOverloadedException()
    {
    }

    public LedgerOverloadedException(string message)
        : base(message)
    {
    }

    public LedgerOverloadedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
