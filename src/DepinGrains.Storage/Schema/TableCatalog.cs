using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.RegularExpressions;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Schema;

/// <summary>All kinds of rows a process knows. Names are checked here once, so that SQL may be built from them.</summary>
internal sealed partial class TableCatalog
{
    private static readonly string[] Reserved = ["parent", "key", "version", "write_id", "doc"];
    private readonly FrozenDictionary<string, Table> _tables;

    public TableCatalog(IEnumerable<TableDefinition> definitions)
    {
        var tables = new Dictionary<string, Table>(StringComparer.Ordinal);
        foreach (var definition in definitions.OrderBy(d => d.Kind, StringComparer.Ordinal))
        {
            Check(definition);
            if (!tables.TryAdd(definition.Kind, new Table(definition, tables.Count)))
            {
                throw new ArgumentException($"kind '{definition.Kind}' is defined twice", nameof(definitions));
            }
        }

        _tables = tables.ToFrozenDictionary(StringComparer.Ordinal);
        All = [.. tables.Values];
    }

    public ImmutableArray<Table> All { get; }

    public Table Get(string kind) => _tables.TryGetValue(kind, out var table) ? table : throw new ArgumentException($"kind '{kind}' is not defined", nameof(kind));

    private static void Check(TableDefinition definition)
    {
        var table = $"kind '{definition.Kind}'";
        Require(NamePattern().IsMatch(definition.Kind), $"{table}: lower snake case, 1–40 letters");
        var columns = definition.Columns.IsDefault ? [] : definition.Columns;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in columns)
        {
            Require(NamePattern().IsMatch(column.Name), $"{table}: column '{column.Name}' is not lower snake case of 1–40 letters");
            Require(!Reserved.Contains(column.Name), $"{table}: column '{column.Name}' is the store's own");
            Require(seen.Add(column.Name), $"{table}: column '{column.Name}' twice");
            Require(Enum.IsDefined(column.Type), $"{table}: column '{column.Name}' has no type");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var index in definition.Indexes.IsDefault ? [] : definition.Indexes)
        {
            Require(NamePattern().IsMatch(index.Name) && $"ix_{definition.Kind}_{index.Name}".Length <= 63, $"{table}: index name '{index.Name}'");
            Require(names.Add(index.Name), $"{table}: index '{index.Name}' twice");
            Require(!index.Columns.IsDefaultOrEmpty, $"{table}: index '{index.Name}' has no columns");
            foreach (var column in index.Columns)
            {
                Require(seen.Contains(column) || column is "parent" or "key", $"{table}: index '{index.Name}' names '{column}', no column");
            }
        }
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}$")]
    private static partial Regex NamePattern();
}
