using System.Text;

namespace DepinGrains.Domain.Ledgers;

public sealed partial class LedgerBook
{
    private const byte SnapshotVersion = 1;

    /// <summary>The whole book at the newest sealed batch, as bytes; only between batches (nothing open). Layout: version, sequence, ticks, checksum, transfers, evicted-through, seed, accounts, holds, filter, CRC-32C.</summary>
    public byte[] Snapshot()
    {
        if (_open)
        {
            throw new InvalidOperationException("a snapshot is taken between batches");
        }

        var writer = new ByteWriter((int)Math.Min(int.MaxValue / 2, 1024 + (_accounts.Count * 48L) + _filter.Bytes));
        writer.Byte(SnapshotVersion);
        writer.Int64(Sequence);
        writer.Int64(_ticks);
        writer.UInt32(_checksum);
        writer.Int64(Transfers);
        writer.Int64(EvictedThrough);
        writer.Int64(_hashSeed);
        writer.Unsigned((ulong)_accounts.Count);
        for (var number = 0; number < _accounts.Count; number++)
        {
            var name = _accounts.Name(number);
            ref var row = ref _accounts[number];
            writer.Byte((byte)name.Length);
            writer.Bytes(name);
            writer.Signed(row.Posted);
            writer.Unsigned((ulong)row.Held);
            writer.Unsigned((ulong)row.Entries);
        }

        writer.Unsigned((ulong)_holds.NextNumber);
        writer.Unsigned((ulong)_holds.Count);
        foreach (var hold in _holds.InOrder())
        {
            writer.Text(hold.Id);
            writer.Unsigned((ulong)hold.Account);
            writer.Int64(hold.ExpiresTicks);
            writer.Unsigned((ulong)hold.Number);
            writer.Unsigned((ulong)hold.Left);
        }

        _filter.Write(writer);
        writer.Seal();
        return writer.Written.ToArray();
    }

    /// <summary>A book from a snapshot. Replay continues after <see cref="EvictedThrough"/>, so that ids and entries newer than the filter are in memory.</summary>
    /// <exception cref="LedgerCorruptException">The bytes are not a snapshot.</exception>
    public static LedgerBook Load(ReadOnlySpan<byte> snapshot, long filterBytesMax = 256L << 20)
    {
        var reader = new ByteReader(Ledgers.Checksum.Verify(snapshot, "a ledger snapshot", out _));
        var version = reader.Byte();
        if (version != SnapshotVersion)
        {
            throw new LedgerCorruptException($"snapshots of version {version} are not known here");
        }

        var (sequence, ticks, checksum, transfers, evicted, seed) =
            (reader.Int64(), reader.Int64(), reader.UInt32(), reader.Int64(), reader.Int64(), reader.Int64());
        var book = new LedgerBook(seed, filterBytesMax) { Sequence = sequence, Transfers = transfers, _ticks = ticks, _checksum = checksum };
        for (var accounts = reader.Count(int.MaxValue); accounts > 0; accounts--)
        {
            ref var row = ref book._accounts[book._accounts.Add(reader.Take(reader.Byte()))];
            (row.Posted, row.Held, row.Entries) = (reader.Signed(), (long)reader.Unsigned(), (long)reader.Unsigned());
        }

        book._holds.NextNumber = (long)reader.Unsigned();
        for (var holds = reader.Count(int.MaxValue); holds > 0; holds--)
        {
            var id = reader.Text();
            var account = reader.Count(Math.Max(0, book._accounts.Count - 1));
            book._holds.Add(new Hold(id, account, reader.Int64(), (long)reader.Unsigned()) { Left = (long)reader.Unsigned() });
        }

        book._filter.Read(ref reader);
        book._tail.StartAfter(evicted);
        return book;
    }
}
