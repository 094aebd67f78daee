using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

/// <summary>
/// 128 bits that tell one operation's body from another's under the same id: XXH3-128 of its canonical bytes. It guards callers against their own mistakes, not against forgery:
/// a collision only gives its maker the first answer of an id that was already theirs, and moves nothing.
/// </summary>
public static class TransferFingerprint
{
    /// <summary>Bytes of a fingerprint.</summary>
    public const int Size = 16;

    private const int StackBytes = 1024;

    /// <summary>Fingerprint of a well-formed transfer; the id is not part of it.</summary>
    public static UInt128 Of(Transfer transfer)
    {
        var bound = 32 + LedgerLimits.NameMax + (3 * transfer.Memo.Length) + (transfer.Legs.Length * (LedgerLimits.NameMax + 9));
        byte[]? rented = null;
        Span<byte> buffer = bound <= StackBytes ? stackalloc byte[StackBytes] : (rented = ArrayPool<byte>.Shared.Rent(bound));
        try
        {
            return XxHash128.HashToUInt128(buffer[..Canonical(transfer, buffer)]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    // Every variable part is preceded by its length, so no two bodies share canonical bytes.
    private static int Canonical(Transfer transfer, Span<byte> to)
    {
        to[0] = (byte)transfer.Kind;
        to[1] = transfer.CloseHold ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(to[2..], transfer.ExpiresAt?.UtcTicks ?? -1);
        var at = 10;
        at += Name(transfer.HoldId ?? "", to[at..]);
        var memo = Encoding.UTF8.GetBytes(transfer.Memo, to[(at + 2)..]);
        BinaryPrimitives.WriteUInt16LittleEndian(to[at..], (ushort)memo);
        at += 2 + memo;
        foreach (var leg in transfer.Legs.AsSpan())
        {
            at += Name(leg.Account, to[at..]);
            BinaryPrimitives.WriteInt64LittleEndian(to[at..], leg.Amount);
            at += 8;
        }

        return at;
    }

    private static int Name(string name, Span<byte> to)
    {
        to[0] = (byte)Encoding.ASCII.GetBytes(name, to[1..]);
        return 1 + name.Length;
    }
}
