using System.Buffers.Binary;
using System.Text;

namespace DepinGrains.Domain.Ledgers;

/// <summary>Reads what <see cref="ByteWriter"/> wrote; anything else is a <see cref="LedgerCorruptException"/>.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; set; }

    public readonly bool AtEnd => Position >= _bytes.Length;

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ulong Unsigned()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new LedgerCorruptException("a number does not end");
    }

    public long Signed()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Count(int most)
    {
        var value = Unsigned();
        return value <= (ulong)most ? (int)value : throw new LedgerCorruptException($"{value} is beyond {most}");
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)(_bytes.Length - Position))
        {
            throw new LedgerCorruptException($"{count} bytes wanted at {Position} of {_bytes.Length}");
        }

        var taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    public ReadOnlySpan<byte> Block() => Take(Count(int.MaxValue));

    public string Text() => Encoding.UTF8.GetString(Block());
}
