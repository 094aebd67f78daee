using System.Text;

namespace DepinGrains.Storage.Committing;

/// <summary>What both stores take as text: no <c>\u0000</c> (PostgreSQL refuses it), no lone surrogates (not UTF-8), bounded so that index rows fit a page.</summary>
internal static class TextCheck
{
    /// <summary>UTF-8 bytes of keys, parents, operation ids, topics, event types and subjects, tokens.</summary>
    public const int IdentityBytesMax = 512;

    /// <summary>UTF-8 bytes of all columns of one index with parent and key: PostgreSQL's B-tree takes 2,704.</summary>
    public const int IndexBytesMax = 2_400;

    /// <summary>Null when the text can be stored, else why not.</summary>
    public static string? Problem(string what, string text, int bytesMax)
    {
        var span = text.AsSpan();
        if (span.Contains('\0'))
        {
            return $"{what} holds U+0000";
        }

        if (span.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0 && !WellFormed(span))
        {
            return $"{what} holds half a surrogate pair";
        }

        return span.Length * 3L > bytesMax && Encoding.UTF8.GetByteCount(span) > bytesMax ? $"{what} is longer than {bytesMax} bytes" : null;
    }

    /// <summary>True when a row could have such keys: asking a database for text it cannot hold is an error there.</summary>
    public static bool IsText(string first, string second) => Problem("", first, int.MaxValue) is null && Problem("", second, int.MaxValue) is null;

    private static bool WellFormed(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var used) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            text = text[used..];
        }

        return true;
    }
}
