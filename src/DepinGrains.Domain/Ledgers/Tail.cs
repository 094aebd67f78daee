namespace DepinGrains.Domain.Ledgers;

/// <summary>
/// The batches whose index rows are not known to be stored yet, kept as their journal bytes, with two ways in: by transfer id, and by account from its newest entry backwards.
/// A location is (sequence &lt;&lt; 25) | offset of the operation in its batch.
/// </summary>
internal sealed class Tail
{
    private const int OffsetBits = 25;
    private const int EntryBits = 12;
    private readonly IdTable _ids = new();
    private readonly List<TailBatch> _batches = [];
    private readonly List<TailEntry[]> _entries = [];
    private int _batchesGone;
    private long _entryChunksGone;
    private long _entryCount;

    /// <summary>Sequence of the first batch kept; the one after the last evicted.</summary>
    public long First { get; private set; } = 1;

    /// <summary>Transfer ids in memory.</summary>
    public int Ids => _ids.Count;

    /// <summary>Bytes of the batches kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of the open batch's buffer, while one is open.</summary>
    public ByteWriter? Open { get; set; }

    /// <summary>Number of sealed batches kept.</summary>
    public int Batches => _batches.Count - _batchesGone;

    public static long Location(long sequence, int offset) => (sequence << OffsetBits) | (long)offset;

    public static long SequenceOf(long location) => location >> OffsetBits;

    public static int OffsetOf(long location) => (int)(location & ((1 << OffsetBits) - 1));

    /// <summary>Starts an empty tail after a sequence.</summary>
    public void StartAfter(long sequence) => First = sequence + 1;

    public long FindId(ulong hash, ReadOnlySpan<byte> id) => _ids.Find(hash, id, this);

    public void AddId(ulong hash, long location) => _ids.Add(hash, location);

    public ReadOnlySpan<byte> IdAt(long location) => BatchReader.IdAt(Payload(SequenceOf(location)), OffsetOf(location));

    public BatchReader OperationAt(long location) => BatchReader.At(Payload(SequenceOf(location)), OffsetOf(location));

    /// <summary>Ticks of the batch a location lies in; the open batch's are given.</summary>
    public long TicksOf(long sequence, long openTicks) => Find(sequence) is { } batch ? batch.Ticks : openTicks;

    public TailBatch? Find(long sequence)
    {
        var i = sequence - First;
        return i >= 0 && i < Batches ? _batches[_batchesGone + (int)i] : null;
    }

    /// <summary>Keeps a sealed batch; sequences follow each other.</summary>
    public void Keep(TailBatch batch)
    {
        if (batch.Sequence != First + Batches)
        {
            throw new InvalidOperationException($"batch {batch.Sequence} does not follow {First + Batches - 1}");
        }

        _batches.Add(batch);
        Bytes += batch.Payload.Length;
    }

    /// <summary>Adds an entry in front of an account's chain; answers the new head.</summary>
    public long Push(long previousHead, long location)
    {
        var at = _entryCount++;
        var chunk = (int)((at >> EntryBits) - _entryChunksGone);
        if (chunk == _entries.Count)
        {
            _entries.Add(new TailEntry[1 << EntryBits]);
        }

        _entries[chunk][at & ((1 << EntryBits) - 1)] = new TailEntry(previousHead, location);
        return at + 1;
    }

    /// <summary>The entry a head points to; false when it is no longer in the tail.</summary>
    public bool TryEntry(long head, out TailEntry entry)
    {
        var at = head - 1;
        var chunk = (at >> EntryBits) - _entryChunksGone;
        entry = at >= 0 && chunk >= 0 ? _entries[(int)chunk][at & ((1 << EntryBits) - 1)] : default;
        return entry.Location != 0 && SequenceOf(entry.Location) >= First;
    }

    /// <summary>Lets the oldest batch go; its ids go to <paramref name="filter"/>.</summary>
    public void EvictFirst(IdFilter filter, Func<ReadOnlySpan<byte>, ulong> hashOf)
    {
        var batch = _batches[_batchesGone];
        var reader = new BatchReader(batch.Payload.Span);
        while (reader.Next())
        {
            if (reader.Kind != JournalKind.Expire)
            {
                var hash = hashOf(reader.Id);
                _ids.Remove(hash, Location(batch.Sequence, reader.Offset));
                filter.Add(hash);
            }
        }

        Bytes -= batch.Payload.Length;
        _batches[_batchesGone++] = null!;
        First++;
        if (_batchesGone > 1024 && _batchesGone * 2 > _batches.Count)
        {
            _batches.RemoveRange(0, _batchesGone);
            _batchesGone = 0;
        }

        DropEntryChunks();
    }

    private void DropEntryChunks()
    {
        var gone = 0;
        while (gone < _entries.Count - 1 && SequenceOf(_entries[gone][^1].Location) < First)
        {
            gone++;
        }

        if (gone > 0)
        {
            _entries.RemoveRange(0, gone);
            _entryChunksGone += gone;
        }
    }

    private ReadOnlySpan<byte> Payload(long sequence) =>
        Find(sequence) is { } batch ? batch.Payload.Span
        : Open is { } open && sequence == First + Batches ? open.Written
        : throw new InvalidOperationException($"batch {sequence} is not in the tail");
}

/// <summary>A sealed batch kept in memory.</summary>
internal sealed record TailBatch(long Sequence, long Ticks, ReadOnlyMemory<byte> Payload, int Transfers);

/// <summary>An entry of an account in the tail: the head before it and the operation that made it.</summary>
internal readonly record struct TailEntry(long Previous, long Location);
