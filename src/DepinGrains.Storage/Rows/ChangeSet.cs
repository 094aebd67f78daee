using System.Collections.Immutable;
using DepinGrains.Storage.Events;

namespace DepinGrains.Storage.Rows;

/// <summary>Identity of a row. Root rows have <paramref name="Parent"/> = "".</summary>
public readonly record struct RowId(string Kind, string Parent, string Key)
{
    /// <summary>Identity of a root row.</summary>
    public static RowId Root(string kind, string key) => new(kind, "", key);
}

/// <summary>The guarded row of a change set: it must stand at <paramref name="ExpectedVersion"/> (0 = must not exist yet, from the first write on) and moves to the next version.</summary>
/// <param name="Id">A root row.</param>
/// <param name="ExpectedVersion">Version the writer last saw.</param>
/// <param name="Columns">Values in the order of the table's columns: string, long, bool or null.</param>
/// <param name="Document">The rest of the row.</param>
public sealed record RootWrite(RowId Id, long ExpectedVersion, ImmutableArray<object?> Columns, ReadOnlyMemory<byte> Document);

/// <summary>An upsert (or, with <paramref name="Document"/> null, a delete) of a row guarded by the change set's root.</summary>
public sealed record ChildWrite(RowId Id, ImmutableArray<object?> Columns, ReadOnlyMemory<byte>? Document);

/// <summary>The remembered answer of an operation of one root, for ever: same id → same answer.</summary>
/// <param name="OperationId">Caller-minted, unique within the root.</param>
/// <param name="Fingerprint">Hash of the request; another fingerprint under the same id is a conflict the caller reports.</param>
/// <param name="Answer">Serialised answer.</param>
public sealed record OperationWrite(string OperationId, ReadOnlyMemory<byte> Fingerprint, ReadOnlyMemory<byte> Answer);

/// <summary>All that one grain changes at once: one transaction, all or nothing.</summary>
public sealed record ChangeSet(
    RootWrite Root,
    ImmutableArray<ChildWrite> Children,
    ImmutableArray<OperationWrite> Operations,
    ImmutableArray<EventWrite> Events);

/// <summary>What became of one change set of a batch.</summary>
public enum CommitStatus
{
    /// <summary>Durable.</summary>
    Committed,

    /// <summary>The root did not stand at the expected version; nothing was written.</summary>
    Conflict,

    /// <summary>The data itself cannot be stored (e.g. <c>\u0000</c>); nothing was written; others of the batch were not harmed.</summary>
    Rejected,

    /// <summary>The store could not say, even when asked again on a fresh connection. The writer must reload before it goes on.</summary>
    Unknown,
}

/// <summary>Outcome of a change set. <paramref name="Version"/> is the root's new version when committed, the one found on a conflict.</summary>
public readonly record struct CommitOutcome(CommitStatus Status, long Version, string? Problem);

/// <summary>A row as read.</summary>
public sealed record StoredRow(RowId Id, long Version, ImmutableArray<object?> Columns, ReadOnlyMemory<byte> Document);

/// <summary>A remembered answer as read.</summary>
public sealed record StoredOperation(string OperationId, ReadOnlyMemory<byte> Fingerprint, ReadOnlyMemory<byte> Answer);
