using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// Writes JSON byte for byte as Akash's tools do: JavaScript's <c>JSON.stringify</c> with <c>&lt;</c>, <c>&gt;</c>, <c>&amp;</c> escaped as Go does.
/// The caller gives the keys in sorted order.
/// </summary>
internal sealed class JsJson
{
    private static readonly SearchValues<char> Special = SearchValues.Create(
        "\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\<>&");

    private readonly StringBuilder _text = new(1024);
    private bool _comma;

    public JsJson Open(char bracket)
    {
        Separate();
        _text.Append(bracket);
        _comma = false;
        return this;
    }

    public JsJson Close(char bracket)
    {
        _text.Append(bracket);
        _comma = true;
        return this;
    }

    /// <summary>A key of the mapping that is open.</summary>
    public JsJson Key(string name)
    {
        Text(name);
        _text.Append(':');
        _comma = false;
        return this;
    }

    public JsJson Number(long value) => Raw(value.ToString(CultureInfo.InvariantCulture));

    public JsJson Flag(bool value) => Raw(value ? "true" : "false");

    public JsJson Null() => Raw("null");

    public JsJson Text(string value)
    {
        Separate();
        _text.Append('"');
        var rest = value.AsSpan();
        if (rest.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            AppendSlowly(value);
        }
        else
        {
            for (var at = rest.IndexOfAny(Special); at >= 0; at = rest.IndexOfAny(Special))
            {
                _text.Append(rest[..at]);
                AppendEscape(rest[at]);
                rest = rest[(at + 1)..];
            }

            _text.Append(rest);
        }

        _text.Append('"');
        _comma = true;
        return this;
    }

    public JsJson Texts(ImmutableArray<string> values)
    {
        Open('[');
        foreach (var value in values)
        {
            Text(value);
        }

        return Close(']');
    }

    public ImmutableArray<byte> ToUtf8() => ImmutableArray.Create(Encoding.UTF8.GetBytes(_text.ToString()));

    private JsJson Raw(string token)
    {
        Separate();
        _text.Append(token);
        _comma = true;
        return this;
    }

    private void Separate()
    {
        if (_comma)
        {
            _text.Append(',');
        }
    }

    private void AppendSlowly(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                _text.Append(c).Append(value[++i]);
            }
            else if (char.IsSurrogate(c) || Special.Contains(c))
            {
                AppendEscape(c);
            }
            else
            {
                _text.Append(c);
            }
        }
    }

    private void AppendEscape(char c)
    {
        switch (c)
        {
            case '"' or '\\':
                _text.Append('\\').Append(c);
                break;
            case '\b':
                _text.Append("\\b");
                break;
            case '\t':
                _text.Append("\\t");
                break;
            case '\n':
                _text.Append("\\n");
                break;
            case '\f':
                _text.Append("\\f");
                break;
            case '\r':
                _text.Append("\\r");
                break;
            default:
                _text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                break;
        }
    }
}
