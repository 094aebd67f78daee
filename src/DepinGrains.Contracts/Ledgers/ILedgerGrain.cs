using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Ledgers;

/// <summary>
/// The single writer of one token's accounts; key = the token's minor denomination (<c>uakt</c>, <c>uact</c>, <c>uusdc</c>).
/// Every answer, refusals and reads included, leaves only after the journal batch that holds what it saw is durable.
/// An exception means "unknown: ask again with the same id".
/// </summary>
[Alias("depin.ledger.grain")]
public interface ILedgerGrain : IGrainWithStringKey
{
    /// <summary>Executes one operation, once for ever per id.</summary>
    [Alias("execute")]
    Task<Result<TransferReceipt>> ExecuteAsync(Transfer transfer);

    /// <summary>Executes up to <c>LedgerOptions.BatchMax</c> independent operations in order; each has its own answer.</summary>
    [Alias("executeMany")]
    Task<ImmutableArray<Result<TransferReceipt>>> ExecuteManyAsync(ImmutableArray<Transfer> transfers);

    /// <summary>An account's balance; an account never used has zeros.</summary>
    [Alias("balance")]
    Task<AccountBalance> GetBalanceAsync(string account);

    /// <summary>Balances of up to <c>LedgerOptions.BalancesMax</c> accounts at one moment; <c>ledger.too_many_accounts</c>.</summary>
    [Alias("balances")]
    Task<Result<LedgerBalances>> GetBalancesAsync(ImmutableArray<string> accounts);

    /// <summary>An open hold, or null when it is closed or never was.</summary>
    [Alias("hold")]
    Task<HoldView?> GetHoldAsync(string holdId);

    /// <summary>A statement page, newest line first.</summary>
    [Alias("statement")]
    Task<Result<Statement>> GetStatementAsync(string account, string? cursor, int limit);

    /// <summary>Σ accounts = 0, holds match, the journal replays to the balances, statements add up.</summary>
    [Alias("audit")]
    Task<LedgerAudit> AuditAsync();
}
