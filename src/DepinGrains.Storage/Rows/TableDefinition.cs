using System.Collections.Immutable;

namespace DepinGrains.Storage.Rows;

/// <summary>Type of a typed column; both stores keep exactly these.</summary>
public enum ColumnType
{
    /// <summary>UTF-8 text without <c>\u0000</c> and lone surrogates (both are refused per item as <see cref="CommitStatus.Rejected"/>).</summary>
    Text,

    /// <summary>64-bit integer; also instants, as Unix milliseconds.</summary>
    Int64,

    /// <summary>True or false.</summary>
    Boolean,
}

/// <summary>One typed column lists filter or sort by.</summary>
public sealed record ColumnDefinition(string Name, ColumnType Type);

/// <summary>An index over columns; row identity is appended so that cursors are stable.</summary>
public sealed record IndexDefinition(string Name, ImmutableArray<string> Columns);

/// <summary>
/// One kind of row and its table <c>rows_{kind}</c>: identity (parent, key), version, write id, typed columns and a document (UTF-8 JSON, or binary for big arrays).
/// Root rows have an empty parent and carry the version check; child rows are guarded by their root's.
/// </summary>
/// <param name="Kind">Lower snake case, e.g. <c>lease</c>; never renamed.</param>
/// <param name="Columns">Empty for kinds nobody lists.</param>
/// <param name="Indexes">Indexes over the columns.</param>
public sealed record TableDefinition(string Kind, ImmutableArray<ColumnDefinition> Columns, ImmutableArray<IndexDefinition> Indexes);
