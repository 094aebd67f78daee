using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Agent.Common;

/// <summary>File, container and cgroup names made from ids that strangers choose.</summary>
internal static class SafeKey
{
    /// <summary>Readable part (≤ 40 of <c>[a-z0-9-]</c>) and 16 hex digits of the id's SHA-256: two ids never meet.</summary>
    public static string Of(string id)
    {
        var builder = new StringBuilder(60);
        foreach (var c in id)
        {
            if (builder.Length == 40)
            {
                break;
            }

            builder.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-');
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        return builder.Append('-').Append(Convert.ToHexStringLower(hash.AsSpan(0, 8))).ToString();
    }

    /// <summary>64-bit FNV-1a, the same on every machine and run.</summary>
    public static ulong Hash(string id)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(id))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash;
    }
}
