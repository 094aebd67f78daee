using System.Collections.Immutable;
using System.Text;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary>Reads typed values out of the tree and collects what is wrong. A method that reports returns a neutral value and reading goes on.</summary>
internal sealed class SdlSource(SdlLimits limits)
{
    private readonly List<SdlError> _errors = [];

    public int ErrorCount => _errors.Count;

    public ImmutableArray<SdlError> Errors() => [.. _errors.OrderBy(e => e.Line).ThenBy(e => e.Column)];

    public void Fail(YamlNode at, string path, string rule, string message)
    {
        if (_errors.Count < limits.MaxErrors)
        {
            var error = new SdlError(at.Line, at.Column, Clip(path, 300), rule, Clip(message, 400));
            if (!_errors.Contains(error))
            {
                _errors.Add(error);
            }
        }
    }

    /// <summary>Path of a field, escaped as in a JSON pointer.</summary>
    public static string Join(string path, string key) =>
        $"{path}/{Clip(key).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    public static string Join(string path, int index) => $"{path}/{index}";

    /// <summary>True for a mapping; reports anything else, unknown fields and missing ones. No allowed fields means any.</summary>
    public bool Map(YamlNode node, string path, ReadOnlySpan<string> allowed, ReadOnlySpan<string> required)
    {
        if (node.Kind != YamlKind.Map)
        {
            WrongType(node, path, "object");
            return false;
        }

        foreach (var name in required)
        {
            if (!node.Has(name))
            {
                Fail(node, path, SdlRules.Required, $"Missing required field: \"{name}\"{At(path)}.");
            }
        }

        if (!allowed.IsEmpty)
        {
            foreach (var entry in node.Entries)
            {
                if (!allowed.Contains(entry.Key) && _errors.Count < limits.MaxErrors)
                {
                    Fail(entry.KeyNode, Join(path, entry.Key), SdlRules.UnexpectedField, $"Unexpected field \"{Clip(entry.Key)}\"{At(path)}; allowed: {string.Join(", ", allowed.ToArray())}.");
                }
            }
        }

        return true;
    }

    public bool List(YamlNode node, string path)
    {
        if (node.Kind == YamlKind.List)
        {
            return true;
        }

        WrongType(node, path, "array");
        return false;
    }

    public void WrongType(YamlNode node, string path, string expected) =>
        Fail(node, path, SdlRules.WrongType, $"Must be {expected}, not {node.KindName}{Shown(node)}.");

    public string? Text(YamlNode parent, string path, string key, int minLength = 0)
    {
        if (parent[key] is not { } node)
        {
            return null;
        }

        var at = Join(path, key);
        if (!IsText(node, at))
        {
            return null;
        }

        if (CodePoints(node.Text) < minLength)
        {
            Fail(node, at, node.Text.Length == 0 ? SdlRules.Required : SdlRules.TooShort, $"\"{key}\" must be at least {minLength} character(s) long.");
        }

        return node.Text;
    }

    public bool IsText(YamlNode node, string path)
    {
        if (node.Kind == YamlKind.Text)
        {
            return true;
        }

        WrongType(node, path, "string");
        return false;
    }

    public string? OneOf(YamlNode parent, string path, string key, params ReadOnlySpan<string> values)
    {
        var text = Text(parent, path, key);
        if (text is not null && !values.Contains(text))
        {
            Fail(parent[key]!, Join(path, key), SdlRules.NotAllowed, $"\"{key}\" must be one of: {string.Join(", ", values.ToArray())}; not \"{Clip(text)}\".");
            return null;
        }

        return text;
    }

    /// <summary>A list of strings; absent (and, where <paramref name="orNull"/>, null) is empty.</summary>
    public ImmutableArray<string> Texts(YamlNode parent, string path, string key, bool orNull = false, ReadOnlySpan<string> allowed = default)
    {
        if (parent[key] is not { } node || (orNull && node.Kind == YamlKind.Null))
        {
            return [];
        }

        var at = Join(path, key);
        if (!List(node, at))
        {
            return [];
        }

        var texts = ImmutableArray.CreateBuilder<string>(node.Items.Count);
        for (var i = 0; i < node.Items.Count; i++)
        {
            var item = node.Items[i];
            if (!IsText(item, Join(at, i)))
            {
                continue;
            }

            if (!allowed.IsEmpty && !allowed.Contains(item.Text))
            {
                Fail(item, Join(at, i), SdlRules.NotAllowed, $"Must be one of: {string.Join(", ", allowed.ToArray())}; not \"{Clip(item.Text)}\".");
            }

            texts.Add(item.Text);
        }

        return texts.ToImmutable();
    }

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>; above <paramref name="hardMax"/> Akash would go on but no such thing can be run.</summary>
    public long? Whole(YamlNode parent, string path, string key, long min, long max = long.MaxValue, long hardMax = uint.MaxValue)
    {
        if (parent[key] is not { } node)
        {
            return null;
        }

        var at = Join(path, key);
        if (node.Kind != YamlKind.Number || (double.IsFinite(node.Number) && node.Number % 1 != 0) || double.IsNaN(node.Number))
        {
            WrongType(node, at, "integer");
            return null;
        }

        if (node.Number < min || (max != long.MaxValue && node.Number > max))
        {
            Fail(node, at, SdlRules.OutOfRange, $"\"{key}\" is {JsNumber.ToText(node.Number)}; it must be {(max == long.MaxValue ? $"at least {min}" : $"from {min} to {max}")}.");
            return null;
        }

        if (node.Number > hardMax)
        {
            Fail(node, at, SdlRules.NumberTooLarge, $"\"{key}\" is {JsNumber.ToText(node.Number)}; at most {hardMax} can be handled.");
            return null;
        }

        return (long)node.Number;
    }

    public bool? Flag(YamlNode parent, string path, string key)
    {
        if (parent[key] is not { } node)
        {
            return null;
        }

        if (node.Kind != YamlKind.Bool)
        {
            WrongType(node, Join(path, key), "boolean");
            return null;
        }

        return node.Flag;
    }

    /// <summary>The text JavaScript makes of any value: how untyped attribute values reach the group and the manifest.</summary>
    public static string AnyText(YamlNode node) => node.Kind switch
    {
        YamlKind.Null => "null",
        YamlKind.Bool => node.Flag ? "true" : "false",
        YamlKind.Number => JsNumber.ToText(node.Number),
        YamlKind.Map => "[object Object]",
        YamlKind.List => ListText(node),
        _ => node.Text,
    };

    public static string At(string path) => path.Length == 0 ? "" : $" at \"{path}\"";

    /// <summary>Text of the SDL's author never makes a message long.</summary>
    public static string Clip(string text, int length = 80) => text.Length <= length ? text : text[..length] + "…";

    private static string ListText(YamlNode list)
    {
        var text = new StringBuilder();
        for (var i = 0; i < list.Items.Count; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(list.Items[i].Kind == YamlKind.Null ? "" : AnyText(list.Items[i]));
        }

        return text.ToString();
    }

    private static int CodePoints(string text) => text.Length - text.Count(char.IsLowSurrogate);

    private static string Shown(YamlNode node) =>
        node.Kind is YamlKind.Map or YamlKind.List or YamlKind.Null || node.Text.Length == 0 ? "" : $" ({Clip(node.Text)})";
}
