using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Ledgers;

/// <summary>
/// Walks one journal batch. Layout, little-endian: version (1 byte), checksum of the previous batch (4), operations (4), UTC ticks (8), sequence (8), the operations, CRC-32C (4).
/// An operation: flags and kind (1), id (length byte + ASCII); accepted ones then have the body's fingerprint (16), hold id (all but Post and Hold), memo, expiry, for holds
/// what is left, the held account and the change of what it holds, then the entries. Refused ones have the fingerprint and the refusal's texts.
/// </summary>
public ref struct BatchReader
{
    private ByteReader _reader;
    private int _entriesLeft;

    /// <summary>Opens a sealed batch and verifies its checksum.</summary>
    public BatchReader(ReadOnlySpan<byte> payload)
        : this(Ledgers.Checksum.Verify(payload, "a journal batch", out var checksum), checksum)
    {
    }

    private BatchReader(ReadOnlySpan<byte> body, uint checksum)
    {
        Checksum = checksum;
        _reader = new ByteReader(body);
        var version = _reader.Byte();
        if (version != JournalFlags.Version)
        {
            throw new LedgerCorruptException($"journal batches of version {version} are not known here");
        }

        PreviousChecksum = _reader.UInt32();
        Count = _reader.UInt32();
        Ticks = _reader.Int64();
        Sequence = _reader.Int64();
    }

    /// <summary>Checksum of this batch; the next batch names it.</summary>
    public uint Checksum { get; }

    /// <summary>Checksum the previous batch must have.</summary>
    public uint PreviousChecksum { get; }

    /// <summary>Operations in the batch.</summary>
    public uint Count { get; }

    /// <summary>The batch's time, UTC ticks.</summary>
    public long Ticks { get; }

    /// <summary>The batch's place in the journal.</summary>
    public long Sequence { get; }

    /// <summary>Where the current operation begins in the payload.</summary>
    public int Offset { get; private set; }

    /// <summary>What the current operation is.</summary>
    public JournalKind Kind { get; private set; }

    /// <summary>True when it was refused: nothing changed.</summary>
    public bool Refused { get; private set; }

    /// <summary>True when the hold is closed by it.</summary>
    public bool Closes { get; private set; }

    /// <summary>The transfer id; for <see cref="JournalKind.Expire"/> the hold's.</summary>
    public ReadOnlySpan<byte> Id { get; private set; }

    /// <summary>The body's fingerprint, 16 bytes; empty for <see cref="JournalKind.Expire"/>.</summary>
    public ReadOnlySpan<byte> Fingerprint { get; private set; }

    /// <summary>The hold acted on (Capture, Release, TopUpHold), else empty.</summary>
    public ReadOnlySpan<byte> HoldId { get; private set; }

    /// <summary>UTF-8 memo, may be empty.</summary>
    public ReadOnlySpan<byte> Memo { get; private set; }

    /// <summary>Hold: expiry in UTC ticks, or <see cref="long.MaxValue"/>.</summary>
    public long ExpiresTicks { get; private set; }

    /// <summary>What the hold has left afterwards.</summary>
    public long HeldLeft { get; private set; }

    /// <summary>The held account's number (all but Post).</summary>
    public int HeldAccount { get; private set; }

    /// <summary>The held account's name when this is its first use, else empty.</summary>
    public ReadOnlySpan<byte> HeldAccountNewName { get; private set; }

    /// <summary>Change of what the account has held.</summary>
    public long HeldDelta { get; private set; }

    /// <summary>The refusal when <see cref="Refused"/>.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Reads one operation of an unsealed or sealed batch at a known offset; <paramref name="payload"/> may be longer.</summary>
    internal static BatchReader At(ReadOnlySpan<byte> payload, int offset)
    {
        var reader = new BatchReader { _reader = new ByteReader(payload) };
        reader._reader.Position = offset;
        reader.ReadOperation();
        return reader;
    }

    /// <summary>The id of the operation at an offset, without reading more.</summary>
    internal static ReadOnlySpan<byte> IdAt(ReadOnlySpan<byte> payload, int offset) => payload.Slice(offset + 2, payload[offset + 1]);

    /// <summary>Moves to the next operation; false at the end.</summary>
    public bool Next()
    {
        while (NextEntry(out _))
        {
        }

        if (_reader.AtEnd)
        {
            return false;
        }

        ReadOperation();
        return true;
    }

    /// <summary>Reads the next entry of the current operation; false after the last.</summary>
    public bool NextEntry(out JournalEntry entry)
    {
        if (_entriesLeft == 0)
        {
            entry = default;
            return false;
        }

        _entriesLeft--;
        var account = Account(out var name);
        entry = new JournalEntry(account, name, _reader.Signed(), _reader.Signed(), (long)_reader.Unsigned());
        return true;
    }

    private void ReadOperation()
    {
        Offset = _reader.Position;
        var flags = _reader.Byte();
        Kind = (JournalKind)(flags & JournalFlags.KindMask);
        Refused = (flags & JournalFlags.Refused) != 0;
        Closes = (flags & JournalFlags.Closes) != 0;
        Id = _reader.Take(_reader.Byte());
        Fingerprint = HoldId = Memo = HeldAccountNewName = default;
        ExpiresTicks = Hold.Never;
        (HeldLeft, HeldDelta, HeldAccount, Refusal, _entriesLeft) = (0, 0, -1, null, 0);
        if (Kind != JournalKind.Expire)
        {
            Fingerprint = _reader.Take(TransferFingerprint.Size);
        }

        if (Refused)
        {
            Refusal = RefusalCodec.Read(ref _reader);
            return;
        }

        if (Kind is JournalKind.Capture or JournalKind.Release or JournalKind.TopUpHold)
        {
            HoldId = _reader.Take(_reader.Byte());
        }

        if ((flags & JournalFlags.Memo) != 0)
        {
            Memo = _reader.Block();
        }

        if ((flags & JournalFlags.Expiry) != 0)
        {
            ExpiresTicks = _reader.Int64();
        }

        if (Kind != JournalKind.Post)
        {
            HeldLeft = (long)_reader.Unsigned();
            HeldAccount = Account(out var name);
            HeldAccountNewName = name;
            HeldDelta = _reader.Signed();
        }

        _entriesLeft = Kind is JournalKind.Post or JournalKind.Capture ? _reader.Count(LedgerLimits.LegsMax + 1) : 0;
    }

    private int Account(out ReadOnlySpan<byte> newName)
    {
        var reference = _reader.Count(int.MaxValue);
        newName = (reference & 1) != 0 ? _reader.Take(_reader.Byte()) : default;
        return reference >> 1;
    }
}

/// <summary>Refusals as bytes: code, sentence, facts.</summary>
internal static class RefusalCodec
{
    private const int FactsMax = 64;

    public static void Write(ByteWriter writer, Refusal refusal)
    {
        writer.Text(refusal.Code);
        writer.Text(refusal.Detail);
        writer.Unsigned((ulong)refusal.Facts.Length);
        foreach (var fact in refusal.Facts)
        {
            writer.Text(fact.Name);
            writer.Text(fact.Value);
        }
    }

    public static Refusal Read(ref ByteReader reader)
    {
        var code = reader.Text();
        var detail = reader.Text();
        var facts = System.Collections.Immutable.ImmutableArray.CreateBuilder<Fact>(reader.Count(FactsMax));
        for (var i = facts.Capacity; i > 0; i--)
        {
            facts.Add(new Fact(reader.Text(), reader.Text()));
        }

        return new Refusal(code, detail, facts.MoveToImmutable());
    }
}
