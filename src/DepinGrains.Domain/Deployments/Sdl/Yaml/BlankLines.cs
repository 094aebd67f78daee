using System.Text;

namespace DepinGrains.Domain.Deployments.Sdl.Yaml;

/// <summary>
/// YamlDotNet refuses a blank line that holds a tab where js-yaml, like YAML itself, passes over it. Real files have such lines, so when the one refuses, they are emptied and the text is read again.
/// </summary>
internal static class BlankLines
{
    /// <summary>The text with tabs and spaces removed from blank lines that hold a tab, except inside block scalars, where they are content; null when there is no such line.</summary>
    public static string? WithoutTabs(string text)
    {
        var result = new StringBuilder(text.Length);
        var changed = false;
        var block = -1;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            var breaks = end < 0 ? "" : "\n";
            rest = end < 0 ? default : rest[(end + 1)..];
            var content = line.TrimEnd(" \t\r");
            if (content.IsEmpty)
            {
                var tabbed = block < 0 && line.Contains('\t');
                changed |= tabbed;
                result.Append(tabbed ? default : line).Append(breaks);
                continue;
            }

            var indent = content.Length - content.TrimStart(' ').Length;
            if (block >= 0 && indent <= block)
            {
                block = -1;
            }

            if (block < 0 && OpensBlock(content))
            {
                block = indent;
            }

            result.Append(line).Append(breaks);
        }

        return changed ? result.ToString() : null;
    }

    /// <summary>True when the line ends in <c>|</c> or <c>&gt;</c> with indicators and perhaps a comment.</summary>
    private static bool OpensBlock(ReadOnlySpan<char> line)
    {
        var comment = line.IndexOf(" #");
        line = (comment < 0 ? line : line[..comment]).TrimEnd();
        line = line.TrimEnd("+-123456789");
        return line.EndsWith("|") || line.EndsWith(">");
    }
}
