using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace DepinGrains.Domain.Nodes.Benchmarks;

/// <summary>
/// Work that a machine must do to show what it can: for each block, a mebibyte filled from the nonce and then walked at random, each step depending on the one before. Blocks do not depend on each other, so all cores
/// help; the backend computes a few of them again, which it chooses when the answers are there. Integers only, the same on any machine.
/// </summary>
public static class BenchmarkWork
{
    /// <summary>Bytes of a nonce.</summary>
    public const int NonceBytes = 16;

    /// <summary>64-bit words of a block: 1 MiB.</summary>
    public const int Words = 1 << 17;

    private const int Steps = 1 << 20;

    /// <summary>The answer of one block.</summary>
    /// <param name="nonce">The challenge's.</param>
    /// <param name="block">From 0.</param>
    /// <param name="memory">Scratch of <see cref="Words"/> words.</param>
    public static ulong Digest(ReadOnlySpan<byte> nonce, int block, ulong[] memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Span<byte> seed = stackalloc byte[32];
        Span<byte> input = stackalloc byte[nonce.Length + 4];
        nonce.CopyTo(input);
        BinaryPrimitives.WriteInt32LittleEndian(input[nonce.Length..], block);
        SHA256.HashData(input, seed);
        var state = BinaryPrimitives.ReadUInt64LittleEndian(seed);
        for (var i = 0; i < Words; i++)
        {
            memory[i] = Mix(state += 0x9E3779B97F4A7C15);
        }

        for (var i = 0; i < Steps; i++)
        {
            ref var word = ref memory[(int)(state & (Words - 1))];
            state = BitOperations.RotateLeft(state ^ word, 23) * 0xD1342543DE82EF95;
            word = state;
        }

        return Mix(state);
    }

    /// <summary>Which blocks are computed again: <paramref name="count"/> different ones, by a seed that was nobody's before the answers were there.</summary>
    public static int[] Sample(ReadOnlySpan<byte> seed, int blocks, int count)
    {
        var chosen = new SortedSet<int>();
        Span<byte> hash = stackalloc byte[32];
        Span<byte> input = stackalloc byte[seed.Length + 4];
        seed.CopyTo(input);
        for (var i = 0; chosen.Count < Math.Min(count, blocks); i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(input[seed.Length..], i);
            SHA256.HashData(input, hash);
            chosen.Add((int)(BinaryPrimitives.ReadUInt64LittleEndian(hash) % (ulong)blocks));
        }

        return [.. chosen];
    }

    /// <summary>Finaliser of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
