using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.InMemory;

/// <summary>What a simulation lets happen to a write.</summary>
public enum StoreFault
{
    /// <summary>It goes well.</summary>
    None,

    /// <summary>It is lost before it is written and the writer hears <see cref="CommitStatus.Unknown"/>.</summary>
    FailBefore,

    /// <summary>It is written, yet the writer hears <see cref="CommitStatus.Unknown"/>.</summary>
    AmbiguousAfter,

    /// <summary>A change set hears <see cref="CommitStatus.Conflict"/>, an append <see cref="Journal.AppendStatus.Fenced"/>, though nothing stood in the way; nothing is written.</summary>
    Conflict,

    /// <summary>The call throws <see cref="StoreUnavailableException"/>; nothing is written or read.</summary>
    Unavailable,
}

/// <summary>Kind of call a fault may hit.</summary>
public enum StoreCall
{
    /// <summary>A change set.</summary>
    Commit,

    /// <summary>A journal batch.</summary>
    Append,

    /// <summary>Index rows; <see cref="StoreFault.AmbiguousAfter"/> writes them and throws.</summary>
    Index,

    /// <summary>A snapshot of a ledger.</summary>
    Snapshot,

    /// <summary>Any read.</summary>
    Read,
}

/// <summary>A place where a fault may strike: the call and whom it is for (root key, token, kind).</summary>
public readonly record struct StoreFaultPoint(StoreCall Call, string Subject);
