using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

public sealed partial class LedgerBook
{
    /// <summary>Decides one request, or gives its first answer again.</summary>
    /// <param name="transfer">The request; anything at all.</param>
    /// <param name="now">The time, used when this decision opens a batch.</param>
    /// <param name="stored">What storage says about the id, when it was asked; null when not.</param>
    public LedgerOutcome Execute(Transfer transfer, DateTimeOffset now, StoredId? stored = null)
    {
        if (TransferValidation.Check(transfer) is { } malformed)
        {
            return LedgerOutcome.Malformed(malformed);
        }

        Span<byte> idBuffer = stackalloc byte[LedgerLimits.NameMax];
        var id = LedgerText.Bytes(transfer.Id, idBuffer);
        var hash = _hashOf(id);
        var fingerprint = TransferFingerprint.Of(transfer);
        if (_tail.FindId(hash, id) is var location and not 0)
        {
            return Again(transfer, fingerprint, location);
        }

        if (stored is { Found: true } known)
        {
            return BinaryPrimitives.ReadUInt128LittleEndian(known.Fingerprint.Span) == fingerprint
                ? LedgerOutcome.Of(RememberedAnswer.Decode(known.Answer.Span))
                : LedgerOutcome.Malformed(LedgerErrors.IdReused(transfer.Id));
        }

        if (stored is null && _filter.MayContain(hash))
        {
            return LedgerOutcome.Lookup;
        }

        EnsureOpen(now);
        _writer.Reserve(LedgerLimits.OperationBytesMax);
        _tail.AddId(hash, Tail.Location(Sequence + 1, _writer.Length));
        _openOperations++;
        _openTransfers++;
        Transfers++;
        var outcome = Decide(transfer, id, fingerprint);
        return outcome;
    }

    private LedgerOutcome Again(Transfer transfer, UInt128 fingerprint, long location)
    {
        var operation = _tail.OperationAt(location);
        if (BinaryPrimitives.ReadUInt128LittleEndian(operation.Fingerprint) != fingerprint)
        {
            // Sequence of the first decision: this answer saw it, so it must not leave before it is durable.
            return new LedgerOutcome(false, LedgerErrors.IdReused(transfer.Id), Tail.SequenceOf(location), 0, 0);
        }

        var sequence = Tail.SequenceOf(location);
        return new LedgerOutcome(false, operation.Refusal, sequence, _tail.TicksOf(sequence, _ticks), operation.HeldLeft);
    }

    private LedgerOutcome Decide(Transfer transfer, ReadOnlySpan<byte> id, UInt128 fingerprint)
    {
        Span<int> accounts = stackalloc int[LedgerLimits.LegsMax];
        Resolve(transfer, accounts);
        var hold = transfer.HoldId is { } holdId ? _holds.Find(holdId) : null;
        var refusal = transfer.Kind switch
        {
            TransferKind.Post => CheckLegs(transfer, accounts),
            TransferKind.Hold => CheckHold(transfer, accounts[0]),
            _ when hold is null => LedgerErrors.UnknownHold(transfer.HoldId!),
            TransferKind.TopUpHold when hold.Account != accounts[0] => LedgerErrors.HoldOfOther(hold.Id, transfer.Legs[0].Account),
            TransferKind.TopUpHold => CheckSpend(accounts[0], transfer.Legs[0]) ?? CheckHeldLimit(accounts[0], transfer.Legs[0]),
            TransferKind.Capture => CheckCapture(transfer, accounts, hold),
            _ => null,
        };

        if (refusal is not null)
        {
            RecordRefusal(transfer.Kind, id, fingerprint, refusal);
            return new LedgerOutcome(false, refusal, Sequence + 1, _ticks, 0);
        }

        var left = transfer.Kind switch
        {
            TransferKind.Post => RecordPost(transfer, id, fingerprint, accounts),
            TransferKind.Capture => RecordCapture(transfer, id, fingerprint, accounts, hold!),
            _ => RecordHoldChange(transfer, id, fingerprint, accounts, hold),
        };
        return new LedgerOutcome(false, null, Sequence + 1, _ticks, left);
    }

    private void Resolve(Transfer transfer, Span<int> accounts)
    {
        Span<byte> name = stackalloc byte[LedgerLimits.NameMax];
        for (var i = 0; i < transfer.Legs.Length; i++)
        {
            accounts[i] = _accounts.Find(LedgerText.Bytes(transfer.Legs[i].Account, name));
        }
    }

    private Refusal? CheckLegs(Transfer transfer, ReadOnlySpan<int> accounts)
    {
        var legs = ImmutableCollectionsMarshal.AsArray(transfer.Legs)!;
        for (var i = 0; i < legs.Length; i++)
        {
            if (legs[i].Amount < 0 && CheckSpend(accounts[i], legs[i]) is { } refusal)
            {
                return refusal;
            }

            if (CheckBalanceLimit(accounts[i], legs[i]) is { } overflow)
            {
                return overflow;
            }
        }

        return null;
    }

    /// <summary>Whether an account may give or set aside |amount|; only issuance may go below zero.</summary>
    private Refusal? CheckSpend(int account, Leg leg)
    {
        var available = account < 0 ? 0 : _accounts[account].Posted - _accounts[account].Held;
        return available + leg.Amount >= 0 || leg.Account == IssuanceName
            ? null
            : LedgerErrors.InsufficientFunds(leg.Account, available, -leg.Amount);
    }

    private Refusal? CheckBalanceLimit(int account, Leg leg)
    {
        var posted = account < 0 ? 0 : _accounts[account].Posted;
        // Both are within ±2^62: the sum cannot wrap.
        return posted + leg.Amount is > LedgerLimits.AmountMax or < -LedgerLimits.AmountMax
            ? LedgerErrors.Overflow(leg.Account, posted, leg.Amount)
            : null;
    }

    private Refusal? CheckHeldLimit(int account, Leg leg)
    {
        var held = account < 0 ? 0 : _accounts[account].Held;
        return held - leg.Amount > LedgerLimits.AmountMax ? LedgerErrors.Overflow(leg.Account, held, -leg.Amount) : null;
    }

    private Refusal? CheckHold(Transfer transfer, int account)
    {
        if (transfer.ExpiresAt is { } expires && expires.UtcTicks <= _ticks)
        {
            return LedgerErrors.ExpiryPassed(expires, LastAt);
        }

        return CheckSpend(account, transfer.Legs[0]) ?? CheckHeldLimit(account, transfer.Legs[0]);
    }

    private Refusal? CheckCapture(Transfer transfer, ReadOnlySpan<int> accounts, Hold hold)
    {
        var sum = 0L;
        for (var i = 0; i < transfer.Legs.Length; i++)
        {
            if (accounts[i] == hold.Account)
            {
                return LedgerErrors.SelfTransfer(transfer.Legs[i].Account);
            }

            if (CheckBalanceLimit(accounts[i], transfer.Legs[i]) is { } overflow)
            {
                return overflow;
            }

            // Validation bounds the sum by 2^62.
            sum += transfer.Legs[i].Amount;
        }

        if (sum > hold.Left)
        {
            return LedgerErrors.HoldExceeded(hold.Id, hold.Left, sum);
        }

        // Only issuance, which has no floor, can come near −2^62.
        var posted = _accounts[hold.Account].Posted;
        return posted - sum < -LedgerLimits.AmountMax ? LedgerErrors.Overflow(IssuanceName, posted, -sum) : null;
    }
}
