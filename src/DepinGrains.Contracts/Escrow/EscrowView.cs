using System.Collections.Immutable;

namespace DepinGrains.Contracts.Escrow;

/// <summary>What is left of one depositor's money, in the order it is spent.</summary>
/// <param name="Depositor">Identity the refund goes to.</param>
/// <param name="GrantId">The allowance it was drawn from, or null for the depositor's own wallet.</param>
/// <param name="Left">Minor units not yet spent.</param>
[GenerateSerializer, Immutable, Alias("depin.escrow.deposit_view.v1")]
public readonly record struct EscrowDepositView(
    [property: Id(0)] string Depositor,
    [property: Id(1)] string? GrantId,
    [property: Id(2)] long Left);

/// <summary>One stream of an escrow account as of a height.</summary>
/// <param name="Id">The lease it pays for.</param>
/// <param name="Rate">Minor units per block, exact decimal text.</param>
/// <param name="Accrued">Earned since the start, minor units, exact decimal text.</param>
/// <param name="Payable">Whole minor units that a withdrawal would pay now (before the fee).</param>
/// <param name="Withdrawn">Whole minor units paid so far (before the fee).</param>
[GenerateSerializer, Immutable, Alias("depin.escrow.payment_view.v1")]
public sealed record EscrowPaymentView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Payee,
    [property: Id(2)] EscrowPaymentStatus Status,
    [property: Id(3)] string Rate,
    [property: Id(4)] string Accrued,
    [property: Id(5)] long Payable,
    [property: Id(6)] long Withdrawn);

/// <summary>An escrow account as of a height. Amounts are minor units of <paramref name="Currency"/>.</summary>
/// <param name="Height">The height the numbers are computed for.</param>
/// <param name="Funds">Whole minor units not yet earned by anybody.</param>
/// <param name="CostSoFar">Whole minor units earned by providers so far, rounded down per payment.</param>
/// <param name="RatePerBlock">Sum of the open streams, exact decimal text.</param>
/// <param name="RunOutHeight">First block that can not be paid in full; null when nothing streams.</param>
/// <param name="PausedAt">The height at which the money ran out, when paused.</param>
[GenerateSerializer, Immutable, Alias("depin.escrow.view.v1")]
public sealed record EscrowView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Currency,
    [property: Id(2)] EscrowStatus Status,
    [property: Id(3)] long Height,
    [property: Id(4)] long Funds,
    [property: Id(5)] long CostSoFar,
    [property: Id(6)] string RatePerBlock,
    [property: Id(7)] long? RunOutHeight,
    [property: Id(8)] long? PausedAt,
    [property: Id(9)] ImmutableArray<EscrowDepositView> Deposits,
    [property: Id(10)] ImmutableArray<EscrowPaymentView> Payments)
{
    /// <summary>When <see cref="RunOutHeight"/> will be, if nothing changes.</summary>
    [Id(11)]
    public DateTimeOffset? RunsOutAt { get; init; }
}
