using System.Collections.Immutable;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Schema;

/// <summary>A checked table definition with what both stores derive from it.</summary>
internal sealed class Table
{
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.Ordinal);

    public Table(TableDefinition definition, int number)
    {
        Definition = definition;
        Number = number;
        Name = "rows_" + definition.Kind;
        QuotedName = $"\"{Name}\"";
        Columns = definition.Columns.IsDefault ? [] : definition.Columns;
        Indexes = definition.Indexes.IsDefault ? [] : definition.Indexes;
        for (var i = 0; i < Columns.Length; i++)
        {
            _ordinals.Add(Columns[i].Name, i);
        }

        ColumnList = string.Concat(Columns.Select(c => $", \"{c.Name}\""));
        SelectList = $"parent, \"key\", version, doc{ColumnList}";
    }

    public TableDefinition Definition { get; }

    /// <summary>Position in the catalog: a cheap key for caches.</summary>
    public int Number { get; }

    public string Kind => Definition.Kind;

    public string Name { get; }

    public string QuotedName { get; }

    public ImmutableArray<ColumnDefinition> Columns { get; }

    public ImmutableArray<IndexDefinition> Indexes { get; }

    /// <summary>Quoted typed columns, each with a leading comma.</summary>
    public string ColumnList { get; }

    /// <summary>parent, key, version, doc, typed columns.</summary>
    public string SelectList { get; }

    /// <summary>The same, the document null where the column is not.</summary>
    public string SelectListWithout(string column) => $"parent, \"key\", version, CASE WHEN \"{column}\" IS NULL THEN doc END{ColumnList}";

    public int? Ordinal(string column) => _ordinals.TryGetValue(column, out var at) ? at : null;

    /// <summary>Type of a column that may be filtered by; parent and key are text.</summary>
    public ColumnType TypeOf(string column) => column is "parent" or "key"
        ? ColumnType.Text
        : Ordinal(column) is { } at ? Columns[at].Type : throw new ArgumentException($"kind '{Kind}' has no column '{column}'", nameof(column));

    public string IndexName(IndexDefinition index) => $"ix_{Kind}_{index.Name}";
}
