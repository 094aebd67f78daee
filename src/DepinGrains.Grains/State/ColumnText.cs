using System.Text;

namespace DepinGrains.Grains.State;

/// <summary>Free text for typed columns.</summary>
public static class ColumnText
{
    /// <summary>The text with U+0000 and halves of surrogate pairs, which no store takes, replaced by U+FFFD; unchanged when it has none.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().Contains('\0') || text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0
            ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD')
            : text;
    }
}
