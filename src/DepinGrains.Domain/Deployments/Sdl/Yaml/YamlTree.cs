using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DepinGrains.Domain.Deployments.Sdl.Yaml;

/// <summary>Why a text is no tree; carries the one error that ends the reading.</summary>
internal sealed class YamlRefusedException(SdlError error) : Exception(error.Message)
{
    public SdlError Error { get; } = error;
}

/// <summary>Builds the node tree of one document from YamlDotNet's events, the way js-yaml understands it, within <see cref="SdlLimits"/>.</summary>
internal sealed class YamlTree
{
    private readonly SdlLimits _limits;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private int _nodes;
    private int _mergedKeys;

    private YamlTree(string text, SdlLimits limits)
    {
        _limits = limits;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>The UTF-8 bytes as text, or the reason why they are none.</summary>
    public static string Decode(ReadOnlySpan<byte> utf8, SdlLimits limits)
    {
        if (utf8.Length > limits.MaxBytes)
        {
            throw Refuse(1, 1, SdlRules.TooLarge, $"The text has {utf8.Length} bytes; at most {limits.MaxBytes} are read.");
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            var line = utf8[..Math.Max(0, e.Index)].Count((byte)'\n') + 1;
            throw Refuse(line, 1, SdlRules.NotUtf8, $"The text is not UTF-8: bad byte at offset {e.Index}.");
        }
    }

    /// <summary>Reads the one document of <paramref name="text"/>; throws <see cref="YamlRefusedException"/>.</summary>
    public static YamlNode Read(string text, SdlLimits limits)
    {
        text = text.StartsWith('\uFEFF') ? text[1..] : text;
        CheckCharacters(text);
        try
        {
            return new YamlTree(text, limits).Document();
        }
        catch (YamlException e) when (e.Message.Contains("tab", StringComparison.Ordinal) && BlankLines.WithoutTabs(text) is { } cleaned)
        {
            return Read(cleaned, limits);
        }
        catch (YamlException e)
        {
            throw Refuse((int)e.Start.Line, (int)e.Start.Column, SdlRules.YamlSyntax, $"Not YAML: {e.Message}");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            throw Refuse(1, 1, SdlRules.YamlSyntax, "Not YAML: the text can not be read.");
        }
    }

    private static YamlRefusedException Refuse(int line, int column, string rule, string message) => new(new SdlError(line, column, "", rule, Reading.SdlSource.Clip(message, 400)));

    private static YamlRefusedException Refuse(Mark mark, string rule, string message) => Refuse((int)mark.Line, (int)mark.Column, rule, message);

    private static void CheckCharacters(string text)
    {
        var line = 1;
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\n')
            {
                line++;
                start = i + 1;
            }
            else if ((c < ' ' && c is not ('\t' or '\r')) || c is (>= '\u007F' and <= '\u0084') or (>= '\u0086' and <= '\u009F') or '\uFFFE' or '\uFFFF' || IsLone(text, i))
            {
                throw Refuse(line, i - start + 1, SdlRules.ControlCharacter, $"Character U+{(int)c:X4} is not allowed in YAML.");
            }
        }
    }

    private static bool IsLone(string text, int at) =>
        (char.IsHighSurrogate(text[at]) && (at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1])))
        || (char.IsLowSurrogate(text[at]) && (at == 0 || !char.IsHighSurrogate(text[at - 1])));

    private YamlNode Document()
    {
        _parser.MoveNext();
        _parser.MoveNext();
        if (_parser.Current is not DocumentStart)
        {
            return new YamlNode(YamlKind.Null, 1, 1);
        }

        _parser.MoveNext();
        var root = Value(0);
        _parser.MoveNext();
        return _parser.Current is StreamEnd
            ? root
            : throw Refuse(_parser.Current!.Start, SdlRules.OneDocument, "The text holds more than one YAML document.");
    }

    /// <summary>Reads the value at the current event and moves past it.</summary>
    private YamlNode Value(int depth)
    {
        var at = _parser.Current!;
        if (depth > _limits.MaxDepth)
        {
            throw Refuse(at.Start, SdlRules.TooDeep, $"Nested deeper than {_limits.MaxDepth}.");
        }

        if (++_nodes > _limits.MaxNodes)
        {
            throw Refuse(at.Start, SdlRules.TooManyNodes, $"More than {_limits.MaxNodes} values.");
        }

        var node = at switch
        {
            AnchorAlias alias => Alias(alias),
            Scalar scalar => ScalarValue(scalar),
            SequenceStart list => ListValue(list, depth),
            MappingStart map => MapValue(map, depth),
            _ => throw Refuse(at.Start, SdlRules.YamlSyntax, "Not YAML: a value is expected here."),
        };
        _parser.MoveNext();
        return node;
    }

    private YamlNode Alias(AnchorAlias alias)
    {
        var name = alias.Value.Value;
        if (_open.Contains(name))
        {
            throw Refuse(alias.Start, SdlRules.AliasCycle, $"*{name} stands inside the value it names.");
        }

        return _anchors.TryGetValue(name, out var node) ? node : throw Refuse(alias.Start, SdlRules.UnknownAlias, $"*{name} names no anchor above it.");
    }

    private YamlNode ScalarValue(Scalar scalar)
    {
        var (line, column) = ((int)scalar.Start.Line, (int)scalar.Start.Column);
        if (scalar.Value.Contains('\0', StringComparison.Ordinal))
        {
            throw Refuse(line, column, SdlRules.ControlCharacter, "A text holds U+0000, which no program can be given.");
        }

        var node = scalar.Tag.IsEmpty
            ? scalar.Style is ScalarStyle.Plain or ScalarStyle.Any ? YamlScalars.Plain(scalar.Value, line, column) : Text(scalar.Value)
            : Tagged(scalar.Tag.Value);
        Remember(scalar.Anchor, node);
        return node;

        YamlNode Text(string text) => new(YamlKind.Text, line, column) { Text = text };

        YamlNode Tagged(string tag)
        {
            var plain = YamlScalars.Plain(scalar.Value, line, column);
            var fits = tag switch
            {
                "!" or "tag:yaml.org,2002:str" => true,
                "tag:yaml.org,2002:null" => plain.Kind == YamlKind.Null,
                "tag:yaml.org,2002:bool" => plain.Kind == YamlKind.Bool,
                "tag:yaml.org,2002:int" => plain.Kind == YamlKind.Number && !scalar.Value.AsSpan().ContainsAny('.', 'e', 'E'),
                "tag:yaml.org,2002:float" => plain.Kind == YamlKind.Number,
                _ => false,
            };
            return !fits ? throw Refuse(scalar.Start, SdlRules.UnsupportedTag, $"Tag {tag} is not supported here.")
                : tag is "!" or "tag:yaml.org,2002:str" ? Text(scalar.Value) : plain;
        }
    }

    private YamlNode ListValue(SequenceStart start, int depth)
    {
        CheckTag(start.Tag, "tag:yaml.org,2002:seq", start.Start);
        var node = new YamlNode(YamlKind.List, (int)start.Start.Line, (int)start.Start.Column);
        Open(start.Anchor);
        _parser.MoveNext();
        while (_parser.Current is not SequenceEnd)
        {
            var item = Value(depth + 1);
            node.Items.Add(item);
            Weigh(node, item, item);
        }

        Close(start.Anchor, node);
        return node;
    }

    private YamlNode MapValue(MappingStart start, int depth)
    {
        CheckTag(start.Tag, "tag:yaml.org,2002:map", start.Start);
        var node = new YamlNode(YamlKind.Map, (int)start.Start.Line, (int)start.Start.Column);
        var merged = new HashSet<string>(StringComparer.Ordinal);
        Open(start.Anchor);
        _parser.MoveNext();
        while (_parser.Current is not MappingEnd)
        {
            var key = Value(depth + 1);
            var value = Value(depth + 1);
            if (key.IsMerge)
            {
                Merge(node, value, merged, key);
            }
            else
            {
                var entry = new YamlEntry(KeyText(key), key, value);
                if (!node.Put(entry, merged.Remove(entry.Key)))
                {
                    throw Refuse(key.Line, key.Column, SdlRules.DuplicateKey, $"\"{entry.Key}\" is given twice.");
                }
            }

            Weigh(node, value, key);
        }

        Close(start.Anchor, node);
        return node;
    }

    /// <summary>A key as a JavaScript property name.</summary>
    private static string KeyText(YamlNode key) => key.Kind switch
    {
        YamlKind.Text or YamlKind.Timestamp => key.Text,
        YamlKind.Null => "null",
        YamlKind.Bool => key.Flag ? "true" : "false",
        YamlKind.Number => JsNumber.ToText(key.Number),
        _ => throw Refuse(key.Line, key.Column, SdlRules.ComplexKey, "A key must be a plain value."),
    };

    private void Merge(YamlNode into, YamlNode from, HashSet<string> merged, YamlNode key)
    {
        var sources = from.Kind == YamlKind.List ? from.Items : [from];
        if (sources.Count > 100)
        {
            throw Refuse(key.Line, key.Column, SdlRules.BadMerge, $"\"<<\" merges {sources.Count} mappings; at most 100.");
        }

        foreach (var source in sources)
        {
            if (source.Kind != YamlKind.Map)
            {
                throw Refuse(key.Line, key.Column, SdlRules.BadMerge, $"\"<<\" merges mappings, not a value of type {source.KindName}.");
            }

            foreach (var entry in source.Entries)
            {
                if (++_mergedKeys > 10_000)
                {
                    throw Refuse(key.Line, key.Column, SdlRules.BadMerge, "More than 10,000 keys are merged.");
                }

                if (into.Put(entry, overwrite: false))
                {
                    merged.Add(entry.Key);
                    Weigh(into, entry.Value, key);
                }
            }
        }
    }

    private void Weigh(YamlNode parent, YamlNode child, YamlNode at)
    {
        parent.Weight += child.Weight;
        if (parent.Weight > _limits.MaxNodes)
        {
            throw Refuse(at.Line, at.Column, SdlRules.TooManyNodes, $"More than {_limits.MaxNodes} values once aliases are followed.");
        }
    }

    private static void CheckTag(TagName tag, string expected, Mark at)
    {
        if (!tag.IsEmpty && tag.Value != expected && tag.Value != "!")
        {
            throw Refuse(at, SdlRules.UnsupportedTag, $"Tag {tag.Value} is not supported here.");
        }
    }

    private void Remember(AnchorName anchor, YamlNode node)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = node;
        }
    }

    private void Open(AnchorName anchor)
    {
        if (!anchor.IsEmpty)
        {
            _open.Add(anchor.Value);
        }
    }

    private void Close(AnchorName anchor, YamlNode node)
    {
        if (!anchor.IsEmpty)
        {
            _open.Remove(anchor.Value);
            _anchors[anchor.Value] = node;
        }
    }
}
