using System.Collections.Immutable;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.State;

/// <summary>A kind of row with its typed columns: the table, and how a state fills the columns (in the table's order).</summary>
public sealed class RowKind<TState>(TableDefinition table, Func<TState, ImmutableArray<object?>> columns)
    where TState : RowDocument
{
    /// <summary>The table.</summary>
    public TableDefinition Table { get; } = table;

    /// <summary>The typed columns of a state.</summary>
    public ImmutableArray<object?> Columns(TState state) => columns(state);

    /// <summary>The document of a stored row.</summary>
    public static TState Read(StoredRow row) => RowJson.Read<TState>(row.Document);

    /// <summary>An upsert of a child row.</summary>
    public ChildWrite Child(string parent, string key, TState state) =>
        new(new RowId(Table.Kind, parent, key), Columns(state), RowJson.Write(state));

    /// <summary>A delete of a child row.</summary>
    public ChildWrite Delete(string parent, string key) =>
        new(new RowId(Table.Kind, parent, key), [], null);
}
