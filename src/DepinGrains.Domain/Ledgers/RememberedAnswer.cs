using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Ledgers;

/// <summary>The first answer to a transfer id as it is kept for ever.</summary>
/// <param name="Refusal">The "no", or null when it was done.</param>
/// <param name="Sequence">Journal sequence that holds the decision.</param>
/// <param name="Ticks">The decision's time, UTC ticks.</param>
/// <param name="HeldLeft">Minor units the hold had left afterwards.</param>
public readonly record struct RememberedAnswer(Refusal? Refusal, long Sequence, long Ticks, long HeldLeft)
{
    private const byte Version = 1;

    /// <summary>The answer as bytes: version, sequence, ticks, then what is left held or the refusal's texts.</summary>
    public byte[] Encode()
    {
        var writer = new ByteWriter(Refusal is null ? 24 : 256);
        writer.Byte(Version);
        writer.Byte(Refusal is null ? (byte)0 : (byte)1);
        writer.Unsigned((ulong)Sequence);
        writer.Int64(Ticks);
        if (Refusal is null)
        {
            writer.Unsigned((ulong)HeldLeft);
        }
        else
        {
            RefusalCodec.Write(writer, Refusal);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Reads <see cref="Encode"/>'s bytes.</summary>
    public static RememberedAnswer Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        if (reader.Byte() is var version && version != Version)
        {
            throw new LedgerCorruptException($"answers of version {version} are not known here");
        }

        var refused = reader.Byte() != 0;
        var sequence = (long)reader.Unsigned();
        var ticks = reader.Int64();
        return refused
            ? new RememberedAnswer(RefusalCodec.Read(ref reader), sequence, ticks, 0)
            : new RememberedAnswer(null, sequence, ticks, (long)reader.Unsigned());
    }
}
