using System.Text;

namespace DepinGrains.Domain.Network;

/// <summary>Hashes that are the same in every process and version: FNV-1a, 32 bits, over UTF-8.</summary>
public static class KeyHash
{
    /// <summary>The hash of a text.</summary>
    public static uint Of(string text)
    {
        var hash = 2166136261u;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ value) * 16777619u);
        }

        return hash;
    }

    /// <summary>The shard of a key, 0 to <paramref name="shards"/> − 1.</summary>
    public static int Shard(string key, int shards)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        return (int)(Of(key) % (uint)shards);
    }
}
