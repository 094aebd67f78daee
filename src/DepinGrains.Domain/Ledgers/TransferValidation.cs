using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Ledgers;

/// <summary>Whether a request is an operation at all, before any book is looked at.</summary>
public static class TransferValidation
{
    /// <summary>Null when well formed; else the malformation. Never throws, whatever the input.</summary>
    public static Refusal? Check(Transfer? transfer)
    {
        if (transfer is null || !LedgerText.IsName(transfer.Id))
        {
            return LedgerErrors.BadId(transfer?.Id?.Length ?? 0);
        }

        if (!LedgerText.IsMemo(transfer.Memo))
        {
            return LedgerErrors.BadMemo(transfer.Memo?.Length ?? 0);
        }

        return CheckLegs(transfer) ?? transfer.Kind switch
        {
            TransferKind.Post => CheckPost(transfer),
            TransferKind.Hold => CheckOneDebit(transfer, "hold", namesHold: false),
            TransferKind.TopUpHold => CheckOneDebit(transfer, "top-up", namesHold: true),
            TransferKind.Capture => CheckCapture(transfer),
            TransferKind.Release => CheckRelease(transfer),
            _ => LedgerErrors.BadKind((int)transfer.Kind),
        };
    }

    private static Refusal? CheckLegs(Transfer transfer)
    {
        if (transfer.Legs.IsDefault)
        {
            return LedgerErrors.BadShape("transfer", "legs");
        }

        if (transfer.Legs.Length > LedgerLimits.LegsMax)
        {
            return LedgerErrors.LegCount("transfer", transfer.Legs.Length, 0, LedgerLimits.LegsMax);
        }

        var legs = transfer.Legs.AsSpan();
        for (var i = 0; i < legs.Length; i++)
        {
            if (!LedgerText.IsName(legs[i].Account))
            {
                return LedgerErrors.BadAccount(i);
            }

            if (legs[i].Amount is 0 or > LedgerLimits.AmountMax or < -LedgerLimits.AmountMax)
            {
                return LedgerErrors.BadAmount(i, legs[i].Amount);
            }

            // At most 64 legs: comparing all pairs costs less than hashing two.
            for (var j = 0; j < i; j++)
            {
                if (legs[i].Account == legs[j].Account)
                {
                    return legs.Length == 2 ? LedgerErrors.SelfTransfer(legs[i].Account) : LedgerErrors.DuplicateAccount(legs[i].Account);
                }
            }
        }

        return null;
    }

    private static Refusal? CheckPost(Transfer transfer)
    {
        if (transfer.Legs.Length < 2)
        {
            return LedgerErrors.LegCount("post", transfer.Legs.Length, 2, LedgerLimits.LegsMax);
        }

        if (transfer.HoldId is not null || transfer.CloseHold || transfer.ExpiresAt is not null)
        {
            return LedgerErrors.BadShape("post", transfer.ExpiresAt is not null ? "expires_at" : "hold");
        }

        Int128 sum = 0;
        foreach (var leg in transfer.Legs.AsSpan())
        {
            sum += leg.Amount;
        }

        return sum == 0 ? null : LedgerErrors.Unbalanced(sum);
    }

    private static Refusal? CheckOneDebit(Transfer transfer, string kind, bool namesHold)
    {
        if (transfer.Legs.Length != 1)
        {
            return LedgerErrors.LegCount(kind, transfer.Legs.Length, 1, 1);
        }

        if (transfer.Legs[0].Amount > 0)
        {
            return LedgerErrors.BadAmount(0, transfer.Legs[0].Amount);
        }

        if (transfer.CloseHold || namesHold != transfer.HoldId is not null || (namesHold && !LedgerText.IsName(transfer.HoldId)))
        {
            return LedgerErrors.BadShape(kind, "hold");
        }

        return namesHold && transfer.ExpiresAt is not null ? LedgerErrors.BadShape(kind, "expires_at") : null;
    }

    private static Refusal? CheckCapture(Transfer transfer)
    {
        if (!LedgerText.IsName(transfer.HoldId))
        {
            return LedgerErrors.BadShape("capture", "hold");
        }

        if (transfer.ExpiresAt is not null)
        {
            return LedgerErrors.BadShape("capture", "expires_at");
        }

        if (transfer.Legs.IsEmpty && !transfer.CloseHold)
        {
            return LedgerErrors.LegCount("capture", 0, 1, LedgerLimits.LegsMax);
        }

        Int128 sum = 0;
        for (var i = 0; i < transfer.Legs.Length; i++)
        {
            sum += transfer.Legs[i].Amount;
            if (transfer.Legs[i].Amount < 0 || sum > LedgerLimits.AmountMax)
            {
                return LedgerErrors.BadAmount(i, transfer.Legs[i].Amount);
            }
        }

        return null;
    }

    private static Refusal? CheckRelease(Transfer transfer)
    {
        if (!transfer.Legs.IsEmpty)
        {
            return LedgerErrors.LegCount("release", transfer.Legs.Length, 0, 0);
        }

        if (!LedgerText.IsName(transfer.HoldId))
        {
            return LedgerErrors.BadShape("release", "hold");
        }

        return transfer.CloseHold || transfer.ExpiresAt is not null ? LedgerErrors.BadShape("release", transfer.CloseHold ? "close_hold" : "expires_at") : null;
    }
}
