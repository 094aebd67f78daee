using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Committing;

/// <summary>One caller's wait for durability. What a transaction decided about it is kept aside and released only after the commit.</summary>
internal abstract class CommitItem
{
    /// <summary><see cref="System.Diagnostics.Stopwatch"/> timestamp of when it was queued: retries are measured against the real database, so in real time.</summary>
    public long QueuedAt { get; set; }

    /// <summary>A commit that held it ended without an answer: it may already be durable.</summary>
    public bool Ambiguous { get; set; }

    /// <summary>Rough size, to bound a transaction.</summary>
    public abstract int Bytes { get; }

    /// <summary>Releases what the transaction decided.</summary>
    public abstract void Complete();

    /// <summary>The data cannot be stored.</summary>
    public abstract void Reject(string problem);

    /// <summary>Nobody can say.</summary>
    public abstract void GiveUp(string problem);
}

/// <summary>A change set on its way.</summary>
internal sealed class RowsItem(ChangeSet changes, Table table, int bytes) : CommitItem
{
    private readonly TaskCompletionSource<CommitOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChangeSet Changes { get; } = changes;

    public RootWrite Root => Changes.Root;

    public Table Table { get; } = table;

    /// <summary>Random: with the version it tells this write from any other, so that an unknown commit is resolved by reading back.</summary>
    public Guid WriteId { get; } = Guid.NewGuid();

    public CommitOutcome Decided { get; set; }

    public long NewVersion => Root.ExpectedVersion + 1;

    public Task<CommitOutcome> Task => _done.Task;

    public override int Bytes { get; } = bytes;

    /// <summary>Judges a root that did not stand at the expected version, from what stands there now.</summary>
    public CommitOutcome JudgeLoss(long version, Guid? writeId)
    {
        if (version == NewVersion && writeId == WriteId)
        {
            return new CommitOutcome(CommitStatus.Committed, version, null);
        }

        // Someone wrote on top: whether over ours or over another's cannot be seen any more.
        return Ambiguous && version > NewVersion
            ? new CommitOutcome(CommitStatus.Unknown, version, "the commit's outcome was lost and the row has moved on")
            : new CommitOutcome(CommitStatus.Conflict, version, $"{Root.Id.Kind} '{Root.Id.Key}' stands at version {version}, expected {Root.ExpectedVersion}");
    }

    public override void Complete()
    {
        StoreMetrics.Committed(Decided.Status);
        _done.TrySetResult(Decided);
    }

    public override void Reject(string problem)
    {
        Decided = new CommitOutcome(CommitStatus.Rejected, 0, problem);
        Complete();
    }

    public override void GiveUp(string problem)
    {
        Decided = new CommitOutcome(CommitStatus.Unknown, 0, problem);
        Complete();
    }
}

/// <summary>A journal batch on its way.</summary>
internal sealed class AppendItem(string token, JournalBatch batch, byte[] writerId) : CommitItem
{
    private readonly TaskCompletionSource<AppendStatus> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Token { get; } = token;

    public JournalBatch Batch { get; } = batch;

    public byte[] WriterId { get; } = writerId;

    public AppendStatus Decided { get; set; }

    public Task<AppendStatus> Task => _done.Task;

    public override int Bytes => Batch.Payload.Length + 128;

    /// <summary>Judges an append that found the sequence taken, from the row that holds it.</summary>
    public AppendStatus JudgeLoss(ReadOnlySpan<byte> writerId, ReadOnlySpan<byte> payload) =>
        writerId.SequenceEqual(WriterId) && payload.SequenceEqual(Batch.Payload.Span) ? AppendStatus.Appended : AppendStatus.Fenced;

    public override void Complete() => _done.TrySetResult(Decided);

    public override void Reject(string problem) => _done.TrySetException(new ArgumentException(problem));

    public override void GiveUp(string problem)
    {
        Decided = AppendStatus.Unknown;
        Complete();
    }
}
