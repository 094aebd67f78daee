using System.Buffers;

namespace DepinGrains.Contracts.Identities;

/// <summary>Base32 of RFC 4648 section 6 in lower case without padding: ids that survive URLs, DNS names, file names and being read aloud.</summary>
public static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    /// <summary>Encodes bytes; ⌈8·n/5⌉ characters.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new char[((bytes.Length * 8) + 4) / 5];
        int buffer = 0, bits = 0, at = 0;
        foreach (var value in bytes)
        {
            buffer = ((buffer & 0xFFF) << 8) | value;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text[at++] = Alphabet[(buffer >> bits) & 31];
            }
        }

        if (bits > 0)
        {
            text[at] = Alphabet[(buffer << (5 - bits)) & 31];
        }

        return new string(text);
    }

    /// <summary>True when every character is of the alphabet.</summary>
    public static bool IsText(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(Characters) < 0;
}
