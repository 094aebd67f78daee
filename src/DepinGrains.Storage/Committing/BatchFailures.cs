namespace DepinGrains.Storage.Committing;

/// <summary>The transaction was undone because of data. <paramref name="culprit"/> is the item to blame when the store can tell.</summary>
internal sealed class BatchDataException(string message, CommitItem? culprit, Exception? inner) : Exception(message, inner)
{
    public CommitItem? Culprit { get; } = culprit;
}

/// <summary>The transaction was undone for a reason that is nobody's data (deadlock, full disk, connection lost before the commit): nothing was written, trying again is right.</summary>
internal sealed class BatchAbortedException(string message, Exception? inner) : Exception(message, inner);

/// <summary>The commit was asked for and no answer came: it may or may not stand.</summary>
internal sealed class BatchAmbiguousException(string message, Exception? inner) : Exception(message, inner);
