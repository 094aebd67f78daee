using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Ledgers;

/// <summary>Every "no" of the ledger. The first group says that a request is malformed: it names no operation and is not remembered. The second group is a decision on the books, remembered for ever.</summary>
public static class LedgerErrors
{
    /// <summary>The id is not 1–128 characters of the allowed set.</summary>
    public static Refusal BadId(int length) => Refusal.Of("ledger.bad_id", $"a transfer id has 1 to {LedgerLimits.NameMax} characters of A-Z a-z 0-9 : / . _ -; this one has {length} or others", ("length", length), ("most", LedgerLimits.NameMax));

    /// <summary>An account name is not 1–128 characters of the allowed set.</summary>
    public static Refusal BadAccount(int leg) => Refusal.Of("ledger.bad_account", $"the account of leg {leg} is not 1 to {LedgerLimits.NameMax} characters of A-Z a-z 0-9 : / . _ -", ("leg", leg), ("most", LedgerLimits.NameMax));

    /// <summary>The memo is too long or holds control characters or half a surrogate pair.</summary>
    public static Refusal BadMemo(int length) => Refusal.Of("ledger.bad_memo", $"a memo has at most {LedgerLimits.MemoMax} characters, no control characters and no unpaired surrogates; this one has {length}", ("length", length), ("most", LedgerLimits.MemoMax));

    /// <summary>The kind is not one we know.</summary>
    public static Refusal BadKind(int kind) => Refusal.Of("ledger.bad_kind", $"operation kind {kind} does not exist", ("kind", kind));

    /// <summary>The kind has another number of legs.</summary>
    public static Refusal LegCount(string kind, int legs, int least, int most) => Refusal.Of("ledger.leg_count", $"a {kind} has {least} to {most} legs, not {legs}", ("kind", kind), ("legs", legs), ("least", least), ("most", most));

    /// <summary>A member is given that the kind does not use, or one is missing.</summary>
    public static Refusal BadShape(string kind, string member) => Refusal.Of("ledger.bad_shape", $"a {kind} is wrong about {member}", ("kind", kind), ("member", member));

    /// <summary>A leg's amount is zero, has the wrong sign or is beyond the limit.</summary>
    public static Refusal BadAmount(int leg, long amount) => Refusal.Of("ledger.bad_amount", $"leg {leg} may not move {amount}", ("leg", leg), ("amount", amount), ("most", LedgerLimits.AmountMax));

    /// <summary>Legs do not cancel out.</summary>
    public static Refusal Unbalanced(Int128 sum) => Refusal.Of("ledger.unbalanced", $"the legs sum to {sum}, not to 0", ("sum", sum));

    /// <summary>An account appears in two legs.</summary>
    public static Refusal DuplicateAccount(string account) => Refusal.Of("ledger.duplicate_account", $"{account} appears in more than one leg", ("account", account));

    /// <summary>Money from an account to itself.</summary>
    public static Refusal SelfTransfer(string account) => Refusal.Of("ledger.self_transfer", $"{account} cannot pay itself", ("account", account));

    /// <summary>The id names another operation.</summary>
    public static Refusal IdReused(string id) => Refusal.Of("ledger.id_reused", $"{id} names another operation", ("id", id));

    /// <summary>The account may not spend that much.</summary>
    public static Refusal InsufficientFunds(string account, long available, long needed) => Refusal.Of("ledger.insufficient_funds", $"{account} has {available} available and needs {needed}", ("account", account), ("available", available), ("needed", needed));

    /// <summary>A balance would pass ±2^62.</summary>
    public static Refusal Overflow(string account, long balance, long amount) => Refusal.Of("ledger.overflow", $"{account} at {balance} cannot take {amount} more", ("account", account), ("balance", balance), ("amount", amount));

    /// <summary>No open hold has this id.</summary>
    public static Refusal UnknownHold(string hold) => Refusal.Of("ledger.unknown_hold", $"no open hold is named {hold}", ("hold", hold));

    /// <summary>More than the hold has left.</summary>
    public static Refusal HoldExceeded(string hold, long left, long wanted) => Refusal.Of("ledger.hold_exceeded", $"hold {hold} has {left} left, not {wanted}", ("hold", hold), ("left", left), ("wanted", wanted));

    /// <summary>The hold belongs to another account.</summary>
    public static Refusal HoldOfOther(string hold, string account) => Refusal.Of("ledger.hold_of_other_account", $"hold {hold} is not on {account}", ("hold", hold), ("account", account));

    /// <summary>The hold would be over before it began.</summary>
    public static Refusal ExpiryPassed(DateTimeOffset expiresAt, DateTimeOffset now) => Refusal.Of("ledger.expiry_passed", $"the hold would expire at {expiresAt:O}, it is {now:O}", ("expires_at", expiresAt.ToString("O")), ("now", now.ToString("O")));
}
