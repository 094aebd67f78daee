using System.Collections.Immutable;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>Money of one source in the order it is spent (FIFO).</summary>
/// <param name="Depositor">Identity that gets the rest back: the owner, or the granter when drawn from a grant.</param>
/// <param name="GrantId">Allowance it was drawn from; its refund restores the allowance exactly. Null: own wallet.</param>
/// <param name="Left">Whole minor units not yet spent, never negative.</param>
/// <param name="Source">The token this credit (ACT) was minted from, which decides its take fee; null for money that is its own source and for credit of no known source.</param>
public sealed record EscrowDeposit(string Depositor, string? GrantId, long Left, string? Source = null)
{
    /// <summary>True for money that came the same way.</summary>
    public bool IsFrom(string depositor, string? grantId, string? source) => Depositor == depositor && GrantId == grantId && Source == source;
}

/// <summary>The stream to one lease's provider.</summary>
/// <param name="Id">The lease id; never used twice.</param>
/// <param name="Payee">Provider identity.</param>
/// <param name="Rate">Minor units per block.</param>
/// <param name="Accrued">Earned since the start; the fraction is carried, whole units leave the deposits.</param>
/// <param name="Withdrawn">Whole minor units paid out so far, the fee included.</param>
public sealed record EscrowPayment(
    string Id,
    string Payee,
    Rate Rate,
    EscrowPaymentStatus Status,
    ExactAmount Accrued,
    long Withdrawn,
    long OpenedAt,
    long? ClosedAt)
{
    /// <summary>The part of a minor unit of take fee that withdrawals so far left unpaid, in 1/10,000 minor units, below 10,000: the next withdrawal pays it.</summary>
    public int FeeCarry { get; init; }

    /// <summary>Earned and not yet paid, exact.</summary>
    public ExactAmount Balance => Accrued - ExactAmount.OfWhole(Withdrawn);

    /// <summary>Whole minor units a withdrawal pays now.</summary>
    public long Payable => Accrued.Whole - Withdrawn;
}

/// <summary>
/// The streaming escrow of one deployment, job or cluster in one currency. Immutable; every operation of <see cref="EscrowOperations"/> gives a new one.
/// Invariants: no deposit or payment is negative; money held (<see cref="Held"/>) = deposited − withdrawn − refunded, to the unit.
/// </summary>
/// <param name="SettledAt">Height up to which accrual is booked.</param>
/// <param name="PausedAt">The height at which the money ran out: the first block that could not be paid in full, whenever it was noticed.</param>
/// <param name="Deposited">Whole minor units ever put in.</param>
/// <param name="Refunded">Whole minor units ever given back.</param>
/// <param name="ForgottenWithdrawn">Withdrawn by payments no longer in <paramref name="Payments"/>.</param>
/// <param name="MovementCount">Movements issued so far; each takes the next number, from which a ledger transfer id is derived.</param>
public sealed record EscrowAccount(
    string Id,
    string Currency,
    string Owner,
    EscrowStatus Status,
    long OpenedAt,
    long SettledAt,
    long? PausedAt,
    long? ClosedAt,
    ImmutableArray<EscrowDeposit> Deposits,
    ImmutableArray<EscrowPayment> Payments,
    long Deposited,
    long Refunded,
    long ForgottenWithdrawn,
    long MovementCount)
{
    /// <summary>
    /// Where the money spent but not yet paid out came from, in the order it was spent; sums to what payments are payable (rows of before sources were kept: to less, the rest has no source).
    /// Kept per account: which block crosses from one deposit into the next does not depend on when somebody settled, which payment it belongs to would.
    /// </summary>
    public ImmutableArray<SourcedAmount> Earned { get; init; } = [];

    /// <summary>Whole minor units that no provider can draw yet: what Akash calls funds.</summary>
    public long Funds => Deposits.Sum(static d => d.Left);

    /// <summary>Funds less the fractions already earned: what is left to stream, exact.</summary>
    public ExactAmount Streamable => Payments.Aggregate(ExactAmount.OfWhole(Funds), static (left, p) => left - p.Accrued.Fraction);

    /// <summary>Whole minor units that have passed from deposits to payments so far: what Akash calls transferred.</summary>
    public long Transferred => ForgottenWithdrawn + Payments.Sum(static p => p.Accrued.Whole);

    /// <summary>Whole minor units paid out to providers and fees so far.</summary>
    public long Withdrawn => ForgottenWithdrawn + Payments.Sum(static p => p.Withdrawn);

    /// <summary>What the ledger's escrow account must hold.</summary>
    public long Held => Deposited - Withdrawn - Refunded;

    /// <summary>Sum of the open streams.</summary>
    public Rate RatePerBlock => Payments.Aggregate(Rate.Zero, static (sum, p) => p.Status == EscrowPaymentStatus.Open ? sum + p.Rate : sum);

    /// <summary>Index of a payment, or −1.</summary>
    public int IndexOf(string paymentId)
    {
        for (var i = 0; i < Payments.Length; i++)
        {
            if (Payments[i].Id == paymentId)
            {
                return i;
            }
        }

        return -1;
    }
}
