using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DepinGrains.Contracts.Common;
using Org.BouncyCastle.Crypto.Digests;

namespace DepinGrains.Domain.Subnets.Weights;

/// <summary>A promise of weights.</summary>
/// <param name="Hash">BLAKE2b-256 of what will be revealed, hex.</param>
/// <param name="Epoch">Epoch of the commit.</param>
public sealed record WeightCommit(string Hash, ulong Epoch);

/// <summary>
/// Commit and reveal: validators who copy others' weights see them only when they are an epoch old. A reveal counts only in epoch commit + period; older commits are dropped.
/// Source: subtensor v1.1.7 e6683abcd (2024-11-05) <c>weights.rs do_commit_weights, do_reveal_weights</c>.
/// </summary>
/// <param name="RevealPeriod">Epochs between commit and reveal, at least 1.</param>
/// <param name="OpenMax">Most commits one hotkey may have open.</param>
public sealed record CommitReveal(ulong RevealPeriod = 1, int OpenMax = 10)
{
    /// <summary>The open commits after one more; expired ones are dropped. Refuses <c>weights.too_many_commits</c>.</summary>
    public Result<ImmutableArray<WeightCommit>> Commit(ImmutableArray<WeightCommit> open, string hash, ulong epoch)
    {
        var kept = Open(open, epoch);
        return kept.Length >= OpenMax ? WeightErrors.TooManyCommits(kept.Length) : kept.Add(new WeightCommit(hash, epoch));
    }

    /// <summary>
    /// The open commits after the one with this hash and all before it were taken. Refuses <c>weights.no_commit</c>, <c>weights.reveal_too_early</c>, <c>weights.reveal_expired</c>.
    /// </summary>
    public Result<ImmutableArray<WeightCommit>> Reveal(ImmutableArray<WeightCommit> open, string hash, ulong epoch)
    {
        var at = open.IndexOf(open.FirstOrDefault(c => c.Hash == hash)!);
        if (at < 0)
        {
            return WeightErrors.NoCommit();
        }

        var due = open[at].Epoch + RevealPeriod;
        return epoch < due ? WeightErrors.RevealTooEarly(epoch, due)
            : epoch > due ? WeightErrors.RevealExpired(epoch, due)
            : Open(open.RemoveRange(0, at + 1), epoch);
    }

    /// <summary>Those that can still be revealed.</summary>
    public ImmutableArray<WeightCommit> Open(ImmutableArray<WeightCommit> commits, ulong epoch) => commits.RemoveAll(c => c.Epoch + RevealPeriod < epoch);

    /// <summary>
    /// The hash to commit: BLAKE2b-256, hex, of hotkey (32 bytes), subnet (u16), uids, values and salt (compact length, then u16 each), version (u64), little endian: the chain's encoding.
    /// </summary>
    public static string HashOf(ReadOnlySpan<byte> hotkey, ushort netuid, ReadOnlySpan<ushort> uids, ReadOnlySpan<ushort> values, ReadOnlySpan<ushort> salt, ulong version)
    {
        List<byte> bytes = [.. hotkey, (byte)netuid, (byte)(netuid >> 8)];
        Append(bytes, uids);
        Append(bytes, values);
        Append(bytes, salt);
        Span<byte> last = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(last, version);
        bytes.AddRange(last);
        var blake = new Blake2bDigest(256);
        blake.BlockUpdate(CollectionsMarshal.AsSpan(bytes));
        Span<byte> hash = stackalloc byte[32];
        blake.DoFinal(hash);
        return Convert.ToHexStringLower(hash);
    }

    private static void Append(List<byte> bytes, ReadOnlySpan<ushort> list)
    {
        // SCALE's compact length: below 64 one byte, below 2^14 two, else four; the low two bits say which.
        var (length, mode) = list.Length switch { < 1 << 6 => (1, 0u), < 1 << 14 => (2, 1u), _ => (4, 2u) };
        var compact = ((uint)list.Length << 2) | mode;
        for (var i = 0; i < length; i++)
        {
            bytes.Add((byte)(compact >> (8 * i)));
        }

        foreach (var value in list)
        {
            bytes.Add((byte)value);
            bytes.Add((byte)(value >> 8));
        }
    }
}
