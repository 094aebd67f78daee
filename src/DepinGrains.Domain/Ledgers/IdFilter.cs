using System.Numerics;

namespace DepinGrains.Domain.Ledgers;

/// <summary>
/// Says "surely new" or "perhaps stored" for transfer ids: blocked Bloom filters (Putze, Sanders, Singler 2007) in layers that double, so that it grows without knowing the end.
/// A block is one cache line of 512 bits, 8 bits set an id, 24 bits of room an id: about 3 false alarms in 10,000 look-ups a full layer, each costing one look-up by key.
/// When the size limit is reached the last layer keeps filling: more false alarms, never a wrong answer.
/// </summary>
internal sealed class IdFilter(long bytesMax)
{
    private const int WordsPerBlock = 8;
    private const int BitsPerId = 24;
    private const int FirstLayerIds = 1 << 17;
    private readonly List<Layer> _layers = [];

    /// <summary>Ids added so far.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of all layers.</summary>
    public long Bytes { get; private set; }

    public void Add(ulong hash)
    {
        if (_layers.Count == 0 || (_layers[^1].Room == 0 && Bytes < bytesMax))
        {
            AddLayer();
        }

        var layer = _layers[^1];
        layer.Add(hash);
        layer.Room = Math.Max(0, layer.Room - 1);
        Count++;
    }

    public bool MayContain(ulong hash)
    {
        foreach (var layer in _layers)
        {
            if (layer.MayContain(hash))
            {
                return true;
            }
        }

        return false;
    }

    public void Write(ByteWriter writer)
    {
        writer.Unsigned((ulong)Count);
        writer.Unsigned((ulong)_layers.Count);
        foreach (var layer in _layers)
        {
            writer.Unsigned((ulong)layer.Room);
            writer.Unsigned((ulong)layer.Words.Length);
            writer.Bytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(layer.Words.AsSpan()));
        }
    }

    public void Read(ref ByteReader reader)
    {
        Count = (long)reader.Unsigned();
        for (var layers = reader.Count(64); layers > 0; layers--)
        {
            var room = (long)reader.Unsigned();
            var words = new ulong[reader.Count(1 << 27)];
            reader.Take(words.Length * 8).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
            _layers.Add(new Layer(words, room));
            Bytes += words.Length * 8L;
        }
    }

    private void AddLayer()
    {
        var ids = (long)FirstLayerIds << Math.Min(_layers.Count, 10);
        ids = Math.Min(ids, Math.Max(FirstLayerIds, (bytesMax - Bytes) * 8 / BitsPerId));
        var blocks = (int)Math.Max(1, ids * BitsPerId / (WordsPerBlock * 64));
        var layer = new Layer(new ulong[blocks * WordsPerBlock], ids);
        _layers.Add(layer);
        Bytes += layer.Words.Length * 8L;
    }

    private sealed class Layer(ulong[] words, long room)
    {
        public ulong[] Words { get; } = words;

        public long Room { get; set; } = room;

        public void Add(ulong hash)
        {
            var block = Block(hash);
            var bits = Bits(hash);
            for (var i = 0; i < WordsPerBlock; i++)
            {
                Words[block + i] |= 1UL << (int)(bits & 63);
                bits = BitOperations.RotateRight(bits, 7);
            }
        }

        public bool MayContain(ulong hash)
        {
            var block = Block(hash);
            var bits = Bits(hash);
            for (var i = 0; i < WordsPerBlock; i++)
            {
                if ((Words[block + i] & (1UL << (int)(bits & 63))) == 0)
                {
                    return false;
                }

                bits = BitOperations.RotateRight(bits, 7);
            }

            return true;
        }

        // High half chooses the block, a remix of the whole the bits, one in each word of the line.
        private int Block(ulong hash) => (int)(((hash >> 32) * (ulong)(Words.Length / WordsPerBlock)) >> 32) * WordsPerBlock;

        private static ulong Bits(ulong hash)
        {
            hash *= 0x9E37_79B9_7F4A_7C15;
            return hash ^ (hash >> 29);
        }
    }
}
