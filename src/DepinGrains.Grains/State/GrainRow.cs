using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using DepinGrains.Contracts.Common;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.State;

/// <summary>
/// The durable row of one activation: load once, then validate → build next → commit → publish, one commit at a time.
/// After a conflict or an unknown outcome the memory is not trusted any more: the activation refuses further work and leaves.
/// </summary>
public sealed class GrainRow<TState>(IRowStore store, RowKind<TState> kind, string key, Action deactivate)
    where TState : RowDocument
{
    private bool _lost;
    private bool _committing;

    /// <summary>The state as last committed, or null when the row does not exist.</summary>
    public TState? Value { get; private set; }

    /// <summary>Version of the row; 0 = does not exist. Serves as ETag.</summary>
    public long Version { get; private set; }

    /// <summary>True when the row exists.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool Exists => Version > 0;

    /// <summary>Identity of the row.</summary>
    public RowId Id => RowId.Root(kind.Table.Kind, key);

    /// <summary>Reads the row; call once, on activation. <paramref name="complete"/> adds what child rows keep of the state.</summary>
    public async Task LoadAsync(CancellationToken cancel, Func<StoredRow, Task<TState>>? complete = null)
    {
        var row = await store.ReadAsync(Id, cancel);
        (Value, Version) = row is null ? (null, 0) : (complete is null ? RowKind<TState>.Read(row) : await complete(row), row.Version);
    }

    /// <summary>Commits the next state with everything in <paramref name="changes"/>; refuses only data the store cannot keep. Throws <see cref="StateLostException"/> when the outcome leaves memory behind storage.</summary>
    public async Task<Refusal?> CommitAsync(TState next, Changes? changes = null)
    {
        ThrowIfLost();
        if (_committing)
        {
            throw new InvalidOperationException($"two commits of {Id} at once: this activation must not interleave");
        }

        _committing = true;
        try
        {
            var set = new ChangeSet(
                new RootWrite(Id, Version, kind.Columns(next), RowJson.Write(next)),
                changes?.Children ?? [],
                changes?.Operations ?? [],
                changes?.Events ?? []);
            var outcome = await store.CommitAsync(set);
            switch (outcome.Status)
            {
                case CommitStatus.Committed:
                    (Value, Version) = (next, outcome.Version);
                    return null;
                case CommitStatus.Rejected:
                    return Refusal.Of("request.unstorable", $"the data cannot be stored: {outcome.Problem}", ("problem", outcome.Problem));
                default:
                    Lose();
                    throw new StateLostException($"{Id}: {outcome.Status} at version {Version} (found {outcome.Version}): {outcome.Problem}");
            }
        }
        catch (Exception e) when (e is not StateLostException and not StoreOverloadedException)
        {
            Lose();
            throw;
        }
        finally
        {
            _committing = false;
        }
    }

    /// <summary>Changes what of the state is only kept in memory: nothing that the row is made of, and gone with the activation.</summary>
    public void Keep(TState next)
    {
        ThrowIfLost();
        Value = next;
    }

    /// <summary>The remembered answer of an operation: nothing, the answer, or a refusal when the id was used for another request.</summary>
    public async Task<Result<TAnswer>?> RememberedAsync<TAnswer>(string operationId, ReadOnlyMemory<byte> fingerprint)
    {
        ThrowIfLost();
        if (!Exists)
        {
            return null;
        }

        var found = await store.ReadOperationAsync(Id, operationId);
        if (found is null)
        {
            return null;
        }

        await LeaveIfBehindAsync();
        return found.Fingerprint.Span.SequenceEqual(fingerprint.Span)
            ? RowJson.Read<Result<TAnswer>>(found.Answer)
            : Refusal.Of("request.id_reused", $"the idempotency key {operationId} was used for another request", ("idempotencyKey", operationId));
    }

    /// <summary>All child rows of a kind under this row, in key order, at most <paramref name="limit"/>.</summary>
    public Task<ImmutableArray<StoredRow>> ChildrenAsync(string childKind, int limit) => store.ReadChildrenAsync(childKind, key, null, limit);

    /// <summary>True when this activation's memory may be behind storage: it leaves.</summary>
    public bool IsLost => _lost;

    /// <summary>Stops an activation whose memory may be behind storage from answering.</summary>
    public void ThrowIfLost()
    {
        if (_lost)
        {
            throw new StateLostException($"{Id}: this activation lost its state and is leaving; ask again");
        }
    }

    /// <summary>Where storage shows that another activation acted: memory older than that would go on with what is over, so this activation leaves.</summary>
    public async Task LeaveIfBehindAsync()
    {
        if (await store.ReadAsync(Id) is { } row && row.Version > Version && !_committing)
        {
            Lose();
            throw new StateLostException($"{Id}: another activation wrote version {row.Version}, this one knows {Version}; ask again");
        }
    }

    private void Lose()
    {
        _lost = true;
        deactivate();
    }
}

/// <summary>The activation's memory is behind storage: the outcome of the call is unknown, ask again with the same id.</summary>
[GenerateSerializer, Alias("depin.state_lost")]
public sealed class StateLostException(string message) : Exception(message);
