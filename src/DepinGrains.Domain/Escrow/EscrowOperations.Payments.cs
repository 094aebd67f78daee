using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

public static partial class EscrowOperations
{
    /// <summary>Starts a stream. What the streams already open earned up to <paramref name="height"/> stays theirs.</summary>
    /// <returns>
    /// <c>escrow.account_closed</c>, <c>escrow.account_paused</c>, <c>escrow.currency_mismatch</c>, <c>escrow.payment_rate_zero</c>, <c>escrow.payment_rate_max</c>,
    /// <c>escrow.payment_exists</c> (closed ones too), <c>escrow.insufficient_funds</c> (less than one block of all streams is left), <c>escrow.too_many_payments</c>.
    /// </returns>
    public static Result<EscrowStep> OpenPayment(EscrowAccount account, long height, string currency, string paymentId, string payee, Rate rate)
    {
        if (CheckPayment(account, currency, paymentId, payee, rate) is { } refusal)
        {
            return refusal;
        }

        var settled = EscrowSettlement.Settle(account, height);
        if (settled.Status == EscrowStatus.Paused)
        {
            return EscrowErrors.AccountPaused(settled);
        }

        var perBlock = settled.RatePerBlock + rate;
        if (settled.Streamable.Atoms < perBlock.Atoms)
        {
            return EscrowErrors.InsufficientFunds(new ExactAmount(perBlock.Atoms), settled.Streamable);
        }

        if (settled.Payments.Length >= EscrowLimits.PaymentsMax && !TryForgetOldestClosed(ref settled))
        {
            return EscrowErrors.TooManyPayments();
        }

        var payment = new EscrowPayment(paymentId, payee, rate, EscrowPaymentStatus.Open, ExactAmount.Zero, 0, settled.SettledAt, null);
        return Finish(account, height, settled with { Payments = settled.Payments.Add(payment) }, []);
    }

    /// <summary>Pays a provider the whole minor units it earned, less the fee. Works again within one block (it then pays nothing), and while the account is paused.</summary>
    /// <returns><c>escrow.account_closed</c>, <c>escrow.payment_unknown</c>, <c>escrow.payment_closed</c>.</returns>
    public static Result<EscrowStep> WithdrawPayment(EscrowAccount account, long height, string paymentId, FeeRates fees)
    {
        if (CheckOpenPayment(account, paymentId) is { } refusal)
        {
            return refusal;
        }

        var settled = EscrowSettlement.Settle(account, height);
        var movements = ImmutableArray.CreateBuilder<EscrowMovement>();
        settled = PayOut(settled, settled.IndexOf(paymentId), fees, movements);
        return Finish(account, height, settled, movements.DrainToImmutable());
    }

    /// <summary>Ends a stream: settles, pays it out and forgives its fraction, also in the block of the last settlement.</summary>
    /// <returns>Those of <see cref="WithdrawPayment"/>.</returns>
    public static Result<EscrowStep> ClosePayment(EscrowAccount account, long height, string paymentId, FeeRates fees)
    {
        if (CheckOpenPayment(account, paymentId) is { } refusal)
        {
            return refusal;
        }

        var settled = EscrowSettlement.Settle(account, height);
        var movements = ImmutableArray.CreateBuilder<EscrowMovement>();
        settled = ClosePaymentAt(settled, settled.IndexOf(paymentId), Math.Max(height, settled.SettledAt), fees, movements);
        return Finish(account, height, settled, movements.DrainToImmutable());
    }

    /// <summary>Ends the account: every open stream is settled, paid out and closed, then each depositor gets the rest of its money back, in the order of deposit.</summary>
    /// <returns><c>escrow.account_closed</c>.</returns>
    public static Result<EscrowStep> CloseAccount(EscrowAccount account, long height, FeeRates fees)
    {
        if (account.Status == EscrowStatus.Closed)
        {
            return EscrowErrors.AccountClosed(account);
        }

        var closed = EscrowSettlement.Settle(account, height);
        var closedAt = Math.Max(height, closed.SettledAt);
        var movements = ImmutableArray.CreateBuilder<EscrowMovement>();
        for (var i = 0; i < closed.Payments.Length; i++)
        {
            if (closed.Payments[i].Status == EscrowPaymentStatus.Open)
            {
                closed = ClosePaymentAt(closed, i, closedAt, fees, movements);
            }
        }

        foreach (var deposit in closed.Deposits)
        {
            movements.Add(new EscrowMovement(closed.MovementCount, EscrowMovementKind.Refund, deposit.Depositor, deposit.Left, null, deposit.GrantId, deposit.Source));
            closed = closed with { MovementCount = closed.MovementCount + 1, Refunded = closed.Refunded + deposit.Left };
        }

        closed = closed with { Status = EscrowStatus.Closed, Deposits = [], PausedAt = null, ClosedAt = closedAt, SettledAt = closedAt };
        return new EscrowStep(closed, movements.DrainToImmutable(), false, false);
    }

    private static EscrowAccount ClosePaymentAt(EscrowAccount account, int index, long height, FeeRates fees, ImmutableArray<EscrowMovement>.Builder movements)
    {
        account = PayOut(account, index, fees, movements);
        var payment = account.Payments[index];
        // The fraction was never moved out of the deposits: forgiving it is dropping it.
        var closed = payment with { Status = EscrowPaymentStatus.Closed, ClosedAt = height, Accrued = ExactAmount.OfWhole(payment.Accrued.Whole) };
        return account with { Payments = account.Payments.SetItem(index, closed) };
    }

    /// <summary>Pays what a payment earned: per source of the money its own fee, the fee's fraction carried to the next withdrawal, so that many small ones pay what one large one pays.</summary>
    private static EscrowAccount PayOut(EscrowAccount account, int index, FeeRates fees, ImmutableArray<EscrowMovement>.Builder movements)
    {
        var payment = account.Payments[index];
        var amount = payment.Payable;
        var (parts, left) = SourcedAmounts.Take(account.Earned, amount);
        var next = account.MovementCount;
        var carry = payment.FeeCarry;
        foreach (var part in parts)
        {
            (var fee, var earnings, carry) = TakeFee.Split(part.Amount, fees.Of(part.Source), carry);
            if (fee > 0)
            {
                movements.Add(new EscrowMovement(next++, EscrowMovementKind.Fee, "", fee, payment.Id, null, part.Source));
            }

            if (earnings > 0)
            {
                movements.Add(new EscrowMovement(next++, EscrowMovementKind.Payout, payment.Payee, earnings, payment.Id, null, part.Source));
            }
        }

        return account with
        {
            MovementCount = next,
            Earned = left,
            Payments = amount == 0 ? account.Payments : account.Payments.SetItem(index, payment with { Withdrawn = payment.Withdrawn + amount, FeeCarry = carry }),
        };
    }

    private static Refusal? CheckPayment(EscrowAccount account, string currency, string paymentId, string payee, Rate rate) => account switch
    {
        { Status: EscrowStatus.Closed } => EscrowErrors.AccountClosed(account),
        { Status: EscrowStatus.Paused } => EscrowErrors.AccountPaused(account),
        _ when currency != account.Currency => EscrowErrors.CurrencyMismatch(account, currency),
        _ when !IsId(paymentId) || !IsId(payee) => EscrowErrors.IdInvalid("payment or payee"),
        _ when rate <= Rate.Zero => EscrowErrors.RateZero(paymentId),
        _ when rate > Rate.Max => EscrowErrors.RateMax(paymentId, rate),
        _ when account.IndexOf(paymentId) >= 0 => EscrowErrors.PaymentExists(paymentId),
        _ => null,
    };

    private static Refusal? CheckOpenPayment(EscrowAccount account, string paymentId)
    {
        if (account.Status == EscrowStatus.Closed)
        {
            return EscrowErrors.AccountClosed(account);
        }

        var index = account.IndexOf(paymentId);
        if (index < 0)
        {
            return EscrowErrors.PaymentUnknown(paymentId);
        }

        return account.Payments[index].Status == EscrowPaymentStatus.Open ? null : EscrowErrors.PaymentClosed(account.Payments[index]);
    }

    private static bool TryForgetOldestClosed(ref EscrowAccount account)
    {
        for (var i = 0; i < account.Payments.Length; i++)
        {
            if (account.Payments[i] is { Status: EscrowPaymentStatus.Closed } closed)
            {
                account = account with { Payments = account.Payments.RemoveAt(i), ForgottenWithdrawn = account.ForgottenWithdrawn + closed.Withdrawn };
                return true;
            }
        }

        return false;
    }
}
