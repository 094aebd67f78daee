using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Ledgers;

/// <summary>One leg of a transfer: <paramref name="Amount"/> minor units are added to <paramref name="Account"/> (negative: taken from it). Legs of a transfer sum to zero.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.leg.v1")]
public readonly record struct Leg([property: Id(0)] string Account, [property: Id(1)] long Amount);

/// <summary>What a ledger operation does. One transfer id names one operation for ever.</summary>
[GenerateSerializer]
public enum TransferKind
{
    /// <summary>Moves money now. All legs or none.</summary>
    Post = 0,

    /// <summary>Sets the debit side aside until captured, released or expired; exactly one debit account.</summary>
    Hold = 1,

    /// <summary>Moves all or part of a hold to the credit legs; the rest is released when <see cref="Transfer.CloseHold"/> is set.</summary>
    Capture = 2,

    /// <summary>Gives back what is left of a hold.</summary>
    Release = 3,

    /// <summary>Adds to an open hold from the same account.</summary>
    TopUpHold = 4,
}

/// <summary>A request to one token's ledger. The id is minted by the caller and kept for ever: same id and body → the first answer, other body → <c>ledger.id_reused</c>.</summary>
/// <param name="Id">1–128 characters of <c>[A-Za-z0-9:/._-]</c>.</param>
/// <param name="Kind">The operation.</param>
/// <param name="Legs">
/// Post: two or more legs summing to zero. Hold: one negative leg, the account held. Capture: one or more positive legs, summing to what is captured; may be empty with <paramref name="CloseHold"/>.
/// Release: empty. TopUpHold: one negative leg on the same account.
/// </param>
/// <param name="HoldId">The transfer id of the hold (Capture, Release, TopUpHold).</param>
/// <param name="CloseHold">Capture: release what is left.</param>
/// <param name="ExpiresAt">Hold: when it releases by itself; null = never.</param>
/// <param name="Memo">Up to 200 characters, shown on statements.</param>
[GenerateSerializer, Immutable, Alias("depin.ledger.transfer.v1")]
public sealed record Transfer(
    [property: Id(0)] string Id,
    [property: Id(1)] TransferKind Kind,
    [property: Id(2)] ImmutableArray<Leg> Legs,
    [property: Id(3)] string? HoldId = null,
    [property: Id(4)] bool CloseHold = false,
    [property: Id(5)] DateTimeOffset? ExpiresAt = null,
    [property: Id(6)] string Memo = "");

/// <summary>The durable answer to a <see cref="Transfer"/>: the journal sequence that holds it and, for holds, what is left held.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.receipt.v1")]
public sealed record TransferReceipt(
    [property: Id(0)] string Id,
    [property: Id(1)] long Sequence,
    [property: Id(2)] DateTimeOffset At,
    [property: Id(3)] long HeldLeft);

/// <summary>An account's money in minor units: <paramref name="Posted"/> is what it owns, <paramref name="Held"/> the part set aside, available = posted − held.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.balance.v1")]
public sealed record AccountBalance(
    [property: Id(0)] string Account,
    [property: Id(1)] long Posted,
    [property: Id(2)] long Held,
    [property: Id(3)] long Sequence)
{
    /// <summary>What the account may spend.</summary>
    public long Available => Posted - Held;
}

/// <summary>Many accounts' money at one moment, in the order asked; an account never used has 0.</summary>
/// <param name="Posted">What each account owns, what is held included; minor units.</param>
[GenerateSerializer, Immutable, Alias("depin.ledger.balances.v1")]
public sealed record LedgerBalances([property: Id(0)] long Sequence, [property: Id(1)] ImmutableArray<long> Posted);

/// <summary>An open hold.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.hold.v1")]
public sealed record HoldView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Account,
    [property: Id(2)] long Left,
    [property: Id(3)] DateTimeOffset? ExpiresAt);

/// <summary>One line of a statement, newest first.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.statement_line.v1")]
public sealed record StatementLine(
    [property: Id(0)] long EntrySequence,
    [property: Id(1)] string TransferId,
    [property: Id(2)] TransferKind Kind,
    [property: Id(3)] long Delta,
    [property: Id(4)] long BalanceAfter,
    [property: Id(5)] DateTimeOffset At,
    [property: Id(6)] string Memo);

/// <summary>A page of a statement. <paramref name="IndexedThrough"/> is the journal sequence the stored rows reach; lines behind it come from the ledger's tail.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.statement.v1")]
public sealed record Statement(
    [property: Id(0)] AccountBalance Balance,
    [property: Id(1)] long IndexedThrough,
    [property: Id(2)] ImmutableArray<StatementLine> Lines,
    [property: Id(3)] string? NextCursor);

/// <summary>The outcome of auditing one token: every problem named, none means clean.</summary>
[GenerateSerializer, Immutable, Alias("depin.ledger.audit.v1")]
public sealed record LedgerAudit(
    [property: Id(0)] string Token,
    [property: Id(1)] long Sequence,
    [property: Id(2)] long Accounts,
    [property: Id(3)] long Transfers,
    [property: Id(4)] long SumOfBalances,
    [property: Id(5)] long Supply,
    [property: Id(6)] long OpenHolds,
    [property: Id(7)] ImmutableArray<string> Problems)
{
    /// <summary>True when nothing is wrong.</summary>
    public bool IsClean => Problems.IsEmpty;
}
