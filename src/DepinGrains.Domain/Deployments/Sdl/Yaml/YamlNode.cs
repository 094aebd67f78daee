namespace DepinGrains.Domain.Deployments.Sdl.Yaml;

/// <summary>What a YAML value is, in JavaScript's terms.</summary>
internal enum YamlKind
{
    Null,
    Bool,
    Number,
    Text,
    Timestamp,
    Map,
    List,
}

/// <summary>One entry of a mapping; the key's own place is kept for errors about it.</summary>
internal readonly record struct YamlEntry(string Key, YamlNode KeyNode, YamlNode Value);

/// <summary>A value with its place in the text. An alias is the anchored node itself, so nodes may be shared; there are no cycles.</summary>
internal sealed class YamlNode(YamlKind kind, int line, int column)
{
    private Dictionary<string, int>? _index;

    public YamlKind Kind { get; } = kind;

    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>Text of a string or timestamp; the source text of another scalar.</summary>
    public string Text { get; init; } = "";

    public double Number { get; init; }

    public bool Flag { get; init; }

    /// <summary>A plain <c>&lt;&lt;</c>: as a key it merges mappings.</summary>
    public bool IsMerge { get; init; }

    public List<YamlNode> Items { get; } = [];

    public List<YamlEntry> Entries { get; } = [];

    /// <summary>Nodes below and including this one with aliases followed; saturates.</summary>
    public long Weight { get; set; } = 1;

    public YamlNode? this[string key] => _index is not null && _index.TryGetValue(key, out var at) ? Entries[at].Value : null;

    public bool Has(string key) => _index is not null && _index.ContainsKey(key);

    /// <summary>Adds or, where <paramref name="overwrite"/>, replaces in place as a JavaScript object does; false when the key is there already.</summary>
    public bool Put(YamlEntry entry, bool overwrite)
    {
        _index ??= new Dictionary<string, int>(StringComparer.Ordinal);
        if (_index.TryAdd(entry.Key, Entries.Count))
        {
            Entries.Add(entry);
            return true;
        }

        if (overwrite)
        {
            Entries[_index[entry.Key]] = entry;
        }

        return overwrite;
    }

    /// <summary>The name of the kind for messages.</summary>
    public string KindName => Kind switch
    {
        YamlKind.Null => "null",
        YamlKind.Bool => "boolean",
        YamlKind.Number => "number",
        YamlKind.Text => "string",
        YamlKind.Timestamp => "timestamp",
        YamlKind.Map => "object",
        _ => "array",
    };
}
