using System.Buffers.Binary;
using System.Numerics;

namespace DepinGrains.Domain.Ledgers;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4), in hardware where the processor has it.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>Cuts a trailing checksum off, or throws.</summary>
    public static ReadOnlySpan<byte> Verify(ReadOnlySpan<byte> sealedBytes, string what, out uint checksum)
    {
        if (sealedBytes.Length < 4)
        {
            throw new LedgerCorruptException($"{what} has {sealedBytes.Length} bytes");
        }

        checksum = BinaryPrimitives.ReadUInt32LittleEndian(sealedBytes[^4..]);
        var body = sealedBytes[..^4];
        return Of(body) == checksum ? body : throw new LedgerCorruptException($"the checksum of {what} does not match its {sealedBytes.Length} bytes");
    }
}
