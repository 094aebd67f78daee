using System.Buffers;
using System.Text;

namespace DepinGrains.Domain.Ledgers;

/// <summary>Names and memos: what may be in them, and their bytes.</summary>
internal static class LedgerText
{
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/._-");

    /// <summary>True for 1–128 characters of the allowed set.</summary>
    public static bool IsName(string? name) =>
        name is { Length: > 0 and <= LedgerLimits.NameMax } && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>True when the memo can be shown and stored anywhere.</summary>
    public static bool IsMemo(string? memo)
    {
        if (memo is null || memo.Length > LedgerLimits.MemoMax)
        {
            return false;
        }

        for (var i = 0; i < memo.Length; i++)
        {
            var c = memo[i];
            if (char.IsControl(c))
            {
                return false;
            }

            if (char.IsSurrogate(c))
            {
                if (i + 1 >= memo.Length || !char.IsSurrogatePair(c, memo[i + 1]))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }

    /// <summary>The ASCII bytes of a valid name.</summary>
    public static ReadOnlySpan<byte> Bytes(string name, Span<byte> buffer) => buffer[..Encoding.ASCII.GetBytes(name, buffer)];
}
