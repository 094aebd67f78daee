using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Escrow;

/// <summary>
/// The escrow account of one deployment, job or cluster: the only settler of its leases. Key = the id of what it pays for.
/// Called by its owner grain only. Every money movement is a ledger transfer with an id derived from this account, so that asking again moves nothing twice.
/// </summary>
[Alias("depin.escrow.grain")]
public interface IEscrowGrain : IGrainWithStringKey
{
    /// <summary>
    /// Opens the account with a first deposit, from the owner's wallet or allowances given to it. Refusals: those of the ledger and <c>escrow.*</c>. Who asks has written down that it will ask until it is
    /// answered, and closes nothing before: between the deposit and its credit only that says where the money belongs.
    /// </summary>
    [Alias("open")]
    Task<Result<EscrowView>> OpenAsync(string operationId, string owner, string currency, long amount, DepositFrom from = DepositFrom.Balance);

    /// <summary>Adds money of <paramref name="depositor"/>; resumes a paused account when one block of all streams can be paid.</summary>
    [Alias("deposit")]
    Task<Result<EscrowView>> DepositAsync(string operationId, string depositor, long amount, DepositFrom from = DepositFrom.Balance);

    /// <summary>Starts streaming <paramref name="rate"/> (exact decimal text, minor units per block) to <paramref name="payee"/>. The same payment again answers the same.</summary>
    [Alias("openPayment")]
    Task<Result<EscrowView>> OpenPaymentAsync(string paymentId, string payee, string rate);

    /// <summary>Ends a stream and pays it out; doing it again is done.</summary>
    [Alias("closePayment")]
    Task<Result<EscrowView>> ClosePaymentAsync(string paymentId);

    /// <summary>Pays out what a stream has earned.</summary>
    [Alias("withdraw")]
    Task<Result<EscrowView>> WithdrawAsync(string operationId, string paymentId);

    /// <summary>Settles up to now and answers how the account stands; finishes money movements a crash interrupted.</summary>
    [Alias("settle")]
    Task<Result<EscrowView>> SettleAsync();

    /// <summary>Ends all streams, pays them out, refunds the rest; doing it again is done.</summary>
    [Alias("close")]
    Task<Result<EscrowView>> CloseAsync();

    /// <summary>What a standing order to top up would deposit now, and when to ask next.</summary>
    [Alias("topUpDue")]
    Task<Result<TopUpDue>> TopUpDueAsync(AutoTopUp rule, long budgetLeft);

    /// <summary>The account computed for now, without writing anything.</summary>
    [Alias("get")]
    Task<Result<EscrowView>> GetAsync();
}
