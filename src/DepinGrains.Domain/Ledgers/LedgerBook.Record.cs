using System.Buffers.Binary;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

// Applies a decision and writes it, with its outcome, into the open batch. Every order of fields here is BatchReader's.
public sealed partial class LedgerBook
{
    private long RecordPost(Transfer transfer, ReadOnlySpan<byte> id, UInt128 fingerprint, ReadOnlySpan<int> accounts)
    {
        var location = Tail.Location(Sequence + 1, _writer.Length);
        Head(transfer, id, fingerprint, closes: false);
        _writer.Unsigned((ulong)transfer.Legs.Length);
        RecordLegs(transfer, accounts, location);
        return 0;
    }

    private long RecordCapture(Transfer transfer, ReadOnlySpan<byte> id, UInt128 fingerprint, ReadOnlySpan<int> accounts, Hold hold)
    {
        var location = Tail.Location(Sequence + 1, _writer.Length);
        var captured = 0L;
        foreach (var leg in transfer.Legs.AsSpan())
        {
            captured += leg.Amount;
        }

        Head(transfer, id, fingerprint, transfer.CloseHold);
        var released = transfer.CloseHold ? hold.Left - captured : 0;
        ChangeHold(hold, -(captured + released), transfer.CloseHold);
        _writer.Unsigned((ulong)hold.Left);
        AccountReference(hold.Account, isNew: false);
        _writer.Signed(-(captured + released));
        _writer.Unsigned(transfer.Legs.IsEmpty ? 0UL : (ulong)transfer.Legs.Length + 1);
        if (!transfer.Legs.IsEmpty)
        {
            Entry(hold.Account, isNew: false, -captured, location);
            RecordLegs(transfer, accounts, location);
        }

        return hold.Left;
    }

    private long RecordHoldChange(Transfer transfer, ReadOnlySpan<byte> id, UInt128 fingerprint, ReadOnlySpan<int> accounts, Hold? hold)
    {
        Head(transfer, id, fingerprint, transfer.Kind == TransferKind.Release);
        var isNew = false;
        long change;
        if (transfer.Kind == TransferKind.Hold)
        {
            // Only issuance can hold what it does not have, so only it can be new here.
            isNew = accounts[0] < 0;
            var account = isNew ? AddAccount(transfer.Legs[0].Account) : accounts[0];
            hold = _holds.Open(transfer.Id, account, transfer.ExpiresAt?.UtcTicks ?? Hold.Never);
            change = -transfer.Legs[0].Amount;
        }
        else
        {
            change = transfer.Kind == TransferKind.Release ? -hold!.Left : -transfer.Legs[0].Amount;
        }

        ChangeHold(hold!, change, transfer.Kind == TransferKind.Release);
        _writer.Unsigned((ulong)hold!.Left);
        AccountReference(hold.Account, isNew);
        _writer.Signed(change);
        return hold.Left;
    }

    private void RecordExpiry(Hold hold)
    {
        _writer.Reserve(LedgerLimits.OperationBytesMax);
        _openOperations++;
        _writer.Byte((byte)JournalKind.Expire | JournalFlags.Closes);
        Name(hold.Id);
        var released = hold.Left;
        ChangeHold(hold, -released, closes: true);
        _writer.Unsigned(0);
        AccountReference(hold.Account, isNew: false);
        _writer.Signed(-released);
    }

    private void RecordRefusal(TransferKind kind, ReadOnlySpan<byte> id, UInt128 fingerprint, Refusal refusal)
    {
        _writer.Byte((byte)((byte)kind | JournalFlags.Refused));
        _writer.Byte((byte)id.Length);
        _writer.Bytes(id);
        Fingerprint(fingerprint);
        RefusalCodec.Write(_writer, refusal);
    }

    private void RecordLegs(Transfer transfer, ReadOnlySpan<int> accounts, long location)
    {
        var legs = transfer.Legs.AsSpan();
        for (var i = 0; i < legs.Length; i++)
        {
            var isNew = accounts[i] < 0;
            Entry(isNew ? AddAccount(legs[i].Account) : accounts[i], isNew, legs[i].Amount, location);
        }
    }

    private void Head(Transfer transfer, ReadOnlySpan<byte> id, UInt128 fingerprint, bool closes)
    {
        var flags = (byte)transfer.Kind;
        flags |= closes ? JournalFlags.Closes : (byte)0;
        flags |= transfer.Memo.Length != 0 ? JournalFlags.Memo : (byte)0;
        flags |= transfer.ExpiresAt is not null ? JournalFlags.Expiry : (byte)0;
        _writer.Byte(flags);
        _writer.Byte((byte)id.Length);
        _writer.Bytes(id);
        Fingerprint(fingerprint);
        if (transfer.HoldId is { } hold)
        {
            Name(hold);
        }

        if (transfer.Memo.Length != 0)
        {
            _writer.Text(transfer.Memo);
        }

        if (transfer.ExpiresAt is { } expires)
        {
            _writer.Int64(expires.UtcTicks);
        }
    }

    private void Entry(int account, bool isNew, long delta, long location)
    {
        AccountReference(account, isNew);
        ref var row = ref _accounts[account];
        row.Posted += delta;
        row.Entries++;
        row.TailHead = _tail.Push(row.TailHead, location);
        _writer.Signed(delta);
        _writer.Signed(row.Posted);
        _writer.Unsigned((ulong)row.Entries);
    }

    private void ChangeHold(Hold hold, long change, bool closes)
    {
        hold.Left += change;
        _accounts[hold.Account].Held += change;
        if (closes)
        {
            _holds.Close(hold);
        }
    }

    private int AddAccount(string name)
    {
        Span<byte> buffer = stackalloc byte[LedgerLimits.NameMax];
        return _accounts.Add(LedgerText.Bytes(name, buffer));
    }

    private void AccountReference(int account, bool isNew)
    {
        _writer.Unsigned(((ulong)account << 1) | (isNew ? 1UL : 0UL));
        if (isNew)
        {
            var name = _accounts.Name(account);
            _writer.Byte((byte)name.Length);
            _writer.Bytes(name);
        }
    }

    private void Name(string name)
    {
        Span<byte> buffer = stackalloc byte[LedgerLimits.NameMax];
        _writer.Byte((byte)name.Length);
        _writer.Bytes(LedgerText.Bytes(name, buffer));
    }

    private void Fingerprint(UInt128 fingerprint)
    {
        Span<byte> bytes = stackalloc byte[TransferFingerprint.Size];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, fingerprint);
        _writer.Bytes(bytes);
    }
}
