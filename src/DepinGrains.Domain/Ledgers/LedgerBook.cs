using System.IO.Hashing;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

/// <summary>
/// The books of one token in memory: accounts, open holds, and the ids and entries not yet indexed. It decides, and writes each decision with its outcome into the open batch;
/// the owner seals batches, makes them durable in order, and lets nobody see a decision before its batch is. It is a pending view: there is no undo. When a batch cannot be made
/// durable the book is thrown away and another is replayed from the journal. Not thread-safe.
/// </summary>
public sealed partial class LedgerBook
{
    private const string IssuanceName = LedgerAccounts.Issuance;
    private readonly long _filterBytesMax;
    private readonly bool _keepTail;
    private readonly ByteWriter _writer = new(64 * 1024);
    private readonly Tail _tail = new();
    private readonly HoldTable _holds = new();
    private readonly long _hashSeed;
    private readonly Func<ReadOnlySpan<byte>, ulong> _hashOf;
    private AccountTable _accounts;
    private IdFilter _filter;
    private bool _open;
    private int _openOperations;
    private int _openTransfers;
    private long _ticks;
    private uint _checksum;

    /// <summary>An empty book.</summary>
    /// <param name="hashSeed">Any number that strangers do not know: keeps crafted names from piling up in one place of the tables. Changes no outcome.</param>
    /// <param name="filterBytesMax">Where the filter of stored ids stops growing, bytes.</param>
    /// <param name="keepTail">False for a book that only replays (an audit): ids and entries are not kept.</param>
    public LedgerBook(long hashSeed, long filterBytesMax = 256L << 20, bool keepTail = true)
    {
        (_hashSeed, _filterBytesMax, _keepTail) = (hashSeed, filterBytesMax, keepTail);
        _hashOf = name => XxHash3.HashToUInt64(name, _hashSeed);
        _accounts = new AccountTable(hashSeed);
        _filter = new IdFilter(filterBytesMax);
    }

    /// <summary>Sequence of the newest sealed batch, 0 = none.</summary>
    public long Sequence { get; private set; }

    /// <summary>Sequence of the batch that holds everything decided so far: the open one when it has decisions.</summary>
    public long PendingSequence => _open ? Sequence + 1 : Sequence;

    /// <summary>Time of the newest batch; the next one is never earlier.</summary>
    public DateTimeOffset LastAt => new(_ticks, TimeSpan.Zero);

    /// <summary>Decisions waiting in the open batch.</summary>
    public int OpenOperations => _open ? _openOperations : 0;

    /// <summary>Bytes of the open batch.</summary>
    public int OpenBytes => _open ? _writer.Length : 0;

    /// <summary>Accounts ever used.</summary>
    public int Accounts => _accounts.Count;

    /// <summary>Ids ever decided, refusals included.</summary>
    public long Transfers { get; private set; }

    /// <summary>Open holds.</summary>
    public int OpenHolds => _holds.Count;

    /// <summary>Ids kept in memory because their rows are not known to be stored.</summary>
    public int TailTransfers => _tail.Ids;

    /// <summary>Journal bytes kept in memory.</summary>
    public long TailBytes => _tail.Bytes;

    /// <summary>Sequence through which ids and entries have left memory.</summary>
    public long EvictedThrough => _tail.First - 1;

    /// <summary>When the next hold expires, or null.</summary>
    public DateTimeOffset? NextExpiry => _holds.NextExpiry is var ticks && ticks == Hold.Never ? null : new DateTimeOffset(ticks, TimeSpan.Zero);

    /// <summary>Ends holds that are over by now; true when the open batch has something to make durable because of it.</summary>
    public bool ExpireDue(DateTimeOffset now)
    {
        if (_holds.NextExpiry > (_open ? _ticks : BatchTicks(now)))
        {
            return false;
        }

        EnsureOpen(now);
        return true;
    }

    /// <summary>Closes the open batch and hands it out, or null when nothing was decided.</summary>
    public SealedBatch? Seal()
    {
        if (!_open)
        {
            return null;
        }

        _writer.Patch(5, (uint)_openOperations);
        _checksum = _writer.Seal();
        var payload = _writer.Written.ToArray();
        Sequence++;
        _open = false;
        _tail.Open = null;
        if (_keepTail)
        {
            _tail.Keep(new TailBatch(Sequence, _ticks, payload, _openTransfers));
        }

        return new SealedBatch(Sequence, LastAt, payload, _openOperations);
    }

    /// <summary>Lets ids and entries through a sequence go; their rows are stored. Never beyond what is sealed.</summary>
    public void EvictThrough(long sequence)
    {
        while (_tail.First <= sequence && _tail.Batches > 0)
        {
            _tail.EvictFirst(_filter, _hashOf);
        }
    }

    /// <summary>The sealed batch with this sequence if it is still in memory, else null.</summary>
    public ReadOnlyMemory<byte>? TailPayload(long sequence) => _tail.Find(sequence)?.Payload;

    /// <summary>Ids decided in a batch that is still in memory.</summary>
    public int TailTransfersOf(long sequence) => _tail.Find(sequence)?.Transfers ?? 0;

    /// <summary>A batch's time: never earlier than the one before, in whole microseconds because that is what stores keep of it.</summary>
    private long BatchTicks(DateTimeOffset now) => Math.Max(_ticks, now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond));

    private void EnsureOpen(DateTimeOffset now)
    {
        if (_open)
        {
            return;
        }

        _open = true;
        _openOperations = _openTransfers = 0;
        _ticks = BatchTicks(now);
        _writer.Clear();
        _writer.Byte(JournalFlags.Version);
        _writer.UInt32(_checksum);
        _writer.UInt32(0);
        _writer.Int64(_ticks);
        _writer.Int64(Sequence + 1);
        _tail.Open = _writer;
        while (_holds.Due(_ticks) is { } hold)
        {
            RecordExpiry(hold);
        }
    }
}
