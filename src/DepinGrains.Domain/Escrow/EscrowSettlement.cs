using System.Collections.Immutable;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>
/// Books what providers earned up to a height. Lazy and exact: the fraction below one minor unit stays with its payment, so
/// <c>settle(t1); settle(t2)</c> equals <c>settle(t2)</c> for every rate, run-out included.
/// </summary>
public static class EscrowSettlement
{
    /// <summary>The account settled at <paramref name="height"/>. Paused and closed accounts and heights already settled change nothing.</summary>
    public static EscrowAccount Settle(EscrowAccount account, long height)
    {
        if (account.Status != EscrowStatus.Open || height <= account.SettledAt)
        {
            return account;
        }

        var perBlock = account.RatePerBlock;
        if (perBlock == Rate.Zero)
        {
            return account with { SettledAt = height };
        }

        var full = EscrowMath.PayFullBlocks(account.Streamable, perBlock, height - account.SettledAt);
        var settled = Accrue(account, full);
        if (!full.Overdrawn)
        {
            return settled with { SettledAt = height };
        }

        // The height of the run-out follows from the numbers, not from when somebody looked.
        var ranOut = account.SettledAt + full.Blocks + 1;
        return settled with { SettledAt = ranOut, PausedAt = ranOut, Status = EscrowStatus.Paused };
    }

    private static EscrowAccount Accrue(EscrowAccount account, FullBlocks full)
    {
        var shares = full.Overdrawn ? EscrowMath.ShareByWeight(full.Remaining, OpenRates(account)) : [];
        var payments = ImmutableArray.CreateBuilder<EscrowPayment>(account.Payments.Length);
        long moved = 0;
        var open = 0;
        foreach (var payment in account.Payments)
        {
            if (payment.Status != EscrowPaymentStatus.Open)
            {
                payments.Add(payment);
                continue;
            }

            var accrued = new ExactAmount(payment.Accrued.Atoms + (payment.Rate.Atoms * full.Blocks));
            accrued += full.Overdrawn ? shares[open] : ExactAmount.Zero;
            moved += accrued.Whole - payment.Accrued.Whole;
            open++;
            payments.Add(payment with { Accrued = accrued });
        }

        var (deposits, earned) = SpendFirstInFirstOut(account.Deposits, account.Earned, moved);
        return account with { Payments = payments.MoveToImmutable(), Deposits = deposits, Earned = earned };
    }

    private static Rate[] OpenRates(EscrowAccount account) =>
        [.. account.Payments.Where(static p => p.Status == EscrowPaymentStatus.Open).Select(static p => p.Rate)];

    private static (ImmutableArray<EscrowDeposit> Left, ImmutableArray<SourcedAmount> Earned) SpendFirstInFirstOut(
        ImmutableArray<EscrowDeposit> deposits, ImmutableArray<SourcedAmount> earned, long amount)
    {
        if (amount == 0)
        {
            return (deposits, earned);
        }

        var left = ImmutableArray.CreateBuilder<EscrowDeposit>(deposits.Length);
        foreach (var deposit in deposits)
        {
            var spent = Math.Min(deposit.Left, amount);
            amount -= spent;
            earned = SourcedAmounts.Add(earned, deposit.Source, spent);
            if (deposit.Left > spent)
            {
                left.Add(spent == 0 ? deposit : deposit with { Left = deposit.Left - spent });
            }
        }

        return amount == 0 ? (left.DrainToImmutable(), earned) : throw new InvalidOperationException("escrow spent more than it held");
    }
}
