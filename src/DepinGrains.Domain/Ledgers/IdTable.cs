namespace DepinGrains.Domain.Ledgers;

/// <summary>Recent transfer ids by hash: open addressing with linear probing over (hash, location); the id itself is read from the batch at the location.</summary>
internal sealed class IdTable
{
    private ulong[] _hashes = new ulong[1024];
    private long[] _locations = new long[1024];

    public int Count { get; private set; }

    /// <summary>The location of the id, or 0.</summary>
    public long Find(ulong hash, ReadOnlySpan<byte> id, Tail tail)
    {
        var mask = _hashes.Length - 1;
        for (var i = (int)hash & mask; _locations[i] != 0; i = (i + 1) & mask)
        {
            if (_hashes[i] == hash && tail.IdAt(_locations[i]).SequenceEqual(id))
            {
                return _locations[i];
            }
        }

        return 0;
    }

    public void Add(ulong hash, long location)
    {
        if ((Count + 1) * 3L > _hashes.Length * 2L)
        {
            Grow();
        }

        Place(_hashes, _locations, hash, location);
        Count++;
    }

    public void Remove(ulong hash, long location)
    {
        var mask = _hashes.Length - 1;
        var i = (int)hash & mask;
        while (_locations[i] != location)
        {
            if (_locations[i] == 0)
            {
                throw new InvalidOperationException("an id of the tail is not in its table");
            }

            i = (i + 1) & mask;
        }

        // Backward shift: close the gap so that no probe ends early.
        for (var j = (i + 1) & mask; _locations[j] != 0; j = (j + 1) & mask)
        {
            var home = (int)_hashes[j] & mask;
            if (((j - home) & mask) >= ((j - i) & mask))
            {
                (_hashes[i], _locations[i]) = (_hashes[j], _locations[j]);
                i = j;
            }
        }

        _locations[i] = 0;
        Count--;
    }

    private static void Place(ulong[] hashes, long[] locations, ulong hash, long location)
    {
        var mask = hashes.Length - 1;
        var i = (int)hash & mask;
        while (locations[i] != 0)
        {
            i = (i + 1) & mask;
        }

        (hashes[i], locations[i]) = (hash, location);
    }

    private void Grow()
    {
        var hashes = new ulong[checked(_hashes.Length * 2)];
        var locations = new long[hashes.Length];
        for (var i = 0; i < _hashes.Length; i++)
        {
            if (_locations[i] != 0)
            {
                Place(hashes, locations, _hashes[i], _locations[i]);
            }
        }

        (_hashes, _locations) = (hashes, locations);
    }
}
