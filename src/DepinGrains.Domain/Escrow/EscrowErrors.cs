using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Escrow;

/// <summary>Every refusal of an escrow operation.</summary>
internal static class EscrowErrors
{
    public static Refusal AccountClosed(EscrowAccount account) =>
        Refusal.Of("escrow.account_closed", $"escrow {account.Id} was closed at height {account.ClosedAt}", ("closedAt", account.ClosedAt));

    public static Refusal AccountPaused(EscrowAccount account) =>
        Refusal.Of("escrow.account_paused", $"escrow {account.Id} ran out of money at height {account.PausedAt}; deposit first", ("pausedAt", account.PausedAt));

    public static Refusal CurrencyMismatch(EscrowAccount account, string currency) =>
        Refusal.Of("escrow.currency_mismatch", $"escrow {account.Id} holds {account.Currency}, not {currency}", ("holds", account.Currency), ("given", currency));

    public static Refusal AmountInvalid(long amount) =>
        Refusal.Of("escrow.amount_invalid", $"a deposit is a positive number of minor units, not {amount}", ("amount", amount));

    public static Refusal DepositedMax(long deposited, long amount) =>
        Refusal.Of(
            "escrow.deposited_max",
            $"{deposited} deposited so far and {amount} more exceed {EscrowLimits.DepositedMax}",
            ("deposited", deposited),
            ("amount", amount),
            ("max", EscrowLimits.DepositedMax));

    public static Refusal TooManyDeposits() =>
        Refusal.Of("escrow.too_many_deposits", $"{EscrowLimits.DepositsMax} deposits of different sources are unspent", ("max", EscrowLimits.DepositsMax));

    public static Refusal NoRoom(int entries, int max) =>
        Refusal.Of("escrow.too_many_deposits", $"{entries} deposits of different sources are unspent, and this one needs more than the {max} there may be", ("had", entries), ("max", max));

    public static Refusal TooManyPayments() =>
        Refusal.Of("escrow.too_many_payments", $"{EscrowLimits.PaymentsMax} payments are open", ("max", EscrowLimits.PaymentsMax));

    public static Refusal NoDeposit() => Refusal.Of("escrow.no_deposit", "an escrow account opens with at least one deposit");

    public static Refusal RateZero(string payment) =>
        Refusal.Of("escrow.payment_rate_zero", $"payment {payment} needs a rate above zero", ("payment", payment));

    public static Refusal RateMax(string payment, Rate rate) =>
        Refusal.Of("escrow.payment_rate_max", $"payment {payment} at {rate} a block exceeds {Rate.Max}", ("payment", payment), ("rate", rate), ("max", Rate.Max));

    public static Refusal PaymentExists(string payment) =>
        Refusal.Of("escrow.payment_exists", $"payment {payment} was opened before", ("payment", payment));

    public static Refusal PaymentUnknown(string payment) =>
        Refusal.Of("escrow.payment_unknown", $"there is no payment {payment}", ("payment", payment));

    public static Refusal PaymentClosed(EscrowPayment payment) =>
        Refusal.Of("escrow.payment_closed", $"payment {payment.Id} was closed at height {payment.ClosedAt}", ("payment", payment.Id), ("closedAt", payment.ClosedAt));

    public static Refusal InsufficientFunds(ExactAmount wanted, ExactAmount free) =>
        Refusal.Of("escrow.insufficient_funds", $"one block of all streams costs {wanted}, {free} is left", ("wanted", wanted), ("free", free));

    public static Refusal IdInvalid(string what) =>
        Refusal.Of("escrow.id_invalid", $"{what} is empty or longer than {EscrowLimits.IdLengthMax} characters", ("what", what), ("max", EscrowLimits.IdLengthMax));
}
