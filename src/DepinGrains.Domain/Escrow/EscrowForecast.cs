using System.Collections.Immutable;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>When the money ends, if nothing changes.</summary>
/// <param name="LastPaidHeight">Floor: the last block that can be paid in full.</param>
/// <param name="MoneyGoneHeight">Ceiling: the first block at whose end nothing is left.</param>
/// <param name="DeadlineHeight">The first block that can not be paid in full (<paramref name="LastPaidHeight"/> + 1): where settling pauses the account.</param>
public readonly record struct RunOut(long LastPaidHeight, long MoneyGoneHeight, long DeadlineHeight);

/// <summary>Questions about an account that change nothing: for lists, deadlines and predictions from a stored row and a height.</summary>
public static class EscrowForecast
{
    /// <summary>When the money ends; null when nothing streams or it would take more than a <see cref="long"/> of blocks.</summary>
    public static RunOut? PredictedRunOut(EscrowAccount account)
    {
        var perBlock = account.RatePerBlock.Atoms;
        if (account.Status != EscrowStatus.Open || perBlock == 0)
        {
            return null;
        }

        var (blocks, rest) = Int128.DivRem(account.Streamable.Atoms, perBlock);
        if (blocks > long.MaxValue - account.SettledAt - 2)
        {
            return null;
        }

        var last = account.SettledAt + (long)blocks;
        return new RunOut(last, rest == 0 ? last : last + 1, last + 1);
    }

    /// <summary>The height at which the account's owner must act: the run-out when open, the end of the grace when paused; null when neither.</summary>
    public static long? NextDeadline(EscrowAccount account, long graceBlocks) => account.Status switch
    {
        EscrowStatus.Open => PredictedRunOut(account)?.DeadlineHeight,
        EscrowStatus.Paused => account.PausedAt + graceBlocks,
        _ => null,
    };

    /// <summary>What providers earned up to <paramref name="height"/>, exact, fees included.</summary>
    public static ExactAmount CostSoFar(EscrowAccount account, long height)
    {
        var settled = EscrowSettlement.Settle(account, height);
        return settled.Payments.Aggregate(ExactAmount.OfWhole(settled.ForgottenWithdrawn), static (sum, p) => sum + p.Accrued);
    }

    /// <summary>The account as shown to people at <paramref name="height"/>.</summary>
    public static EscrowView View(EscrowAccount account, long height)
    {
        var settled = EscrowSettlement.Settle(account, height);
        return new EscrowView(
            settled.Id,
            settled.Currency,
            settled.Status,
            Math.Max(height, settled.SettledAt),
            settled.Funds,
            settled.Transferred,
            settled.RatePerBlock.ToString(),
            PredictedRunOut(settled)?.DeadlineHeight,
            settled.PausedAt,
            [.. settled.Deposits.Select(static d => new EscrowDepositView(d.Depositor, d.GrantId, d.Left))],
            [.. settled.Payments.Select(static p => new EscrowPaymentView(p.Id, p.Payee, p.Status, p.Rate.ToString(), p.Accrued.ToString(), p.Payable, p.Withdrawn))]);
    }
}
