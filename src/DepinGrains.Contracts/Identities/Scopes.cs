using System.Buffers;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// What a token or API key may do: <c>area:verb</c>, e.g. <c>leases:read</c>, <c>leases:shell</c>, <c>inference:write</c>.
/// <c>read</c> alone covers every <c>…:read</c>. Scopes never replace a signature: money moves only when a key signs the request itself.
/// </summary>
public static class Scopes
{
    /// <summary>Reads everything the identity may see.</summary>
    public const string Read = "read";

    /// <summary>Longest scope.</summary>
    public const int LengthMax = 48;

    /// <summary>Most scopes of one token or API key.</summary>
    public const int CountMax = 16;

    private static readonly SearchValues<char> WordCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>True for <c>read</c> and for two words of <c>[a-z][a-z0-9-]*</c> joined by a colon.</summary>
    public static bool IsValid(string? scope)
    {
        if (scope is null || scope.Length is 0 or > LengthMax)
        {
            return false;
        }

        var colon = scope.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? scope == Read : IsWord(scope.AsSpan(0, colon)) && IsWord(scope.AsSpan(colon + 1));
    }

    /// <summary>True when one of the granted scopes covers the wanted one.</summary>
    public static bool Covers(IEnumerable<string> granted, string wanted)
    {
        foreach (var scope in granted)
        {
            if (scope == wanted || (scope == Read && wanted.EndsWith(":read", StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(ReadOnlySpan<char> word) =>
        word.Length > 0 && char.IsAsciiLetterLower(word[0]) && word.IndexOfAnyExcept(WordCharacters) < 0;
}
