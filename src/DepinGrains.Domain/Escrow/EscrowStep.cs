using System.Collections.Immutable;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>One movement of whole minor units that a ledger must make.</summary>
/// <param name="Ordinal">Number within its escrow account, from 0: with the account's id it makes a transfer id that is never used twice.</param>
/// <param name="Party">The identity that pays (deposit) or gets (payout, refund); empty for a fee, which goes to the community pool.</param>
/// <param name="Amount">Positive.</param>
/// <param name="PaymentId">The stream it belongs to (fee, payout).</param>
/// <param name="GrantId">Deposit: the allowance drawn. Refund: the allowance to restore by <paramref name="Amount"/>.</param>
/// <param name="Source">The token this credit was minted from; null for money without a source to keep.</param>
public sealed record EscrowMovement(long Ordinal, EscrowMovementKind Kind, string Party, long Amount, string? PaymentId, string? GrantId, string? Source = null);

/// <summary>The outcome of an operation: the new account and the money to move, in order.</summary>
/// <param name="RanOut">This operation found the money gone: leases pause, grace runs from <see cref="EscrowAccount.PausedAt"/>.</param>
/// <param name="Resumed">This operation brought a paused account back.</param>
public sealed record EscrowStep(EscrowAccount Account, ImmutableArray<EscrowMovement> Movements, bool RanOut, bool Resumed);
