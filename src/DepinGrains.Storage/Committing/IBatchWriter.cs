namespace DepinGrains.Storage.Committing;

/// <summary>Writes one gathered batch in one transaction. Called by one committer only, one batch at a time.</summary>
internal interface IBatchWriter : IDisposable
{
    /// <summary>True when no two items of a batch may touch the same row (set-based statements).</summary>
    bool NeedsDistinctRows { get; }

    /// <summary>Decides and writes all items, then commits. Throws <see cref="BatchDataException"/>, <see cref="BatchAbortedException"/> or <see cref="BatchAmbiguousException"/>; any other exception counts as ambiguous.</summary>
    ValueTask WriteAsync(IReadOnlyList<CommitItem> batch);

    /// <summary>Throws the connection away; the next write opens a fresh one.</summary>
    void Reset();
}
