using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Contracts.Credits;

/// <summary>
/// The only one that moves credit (ACT) out of one ledger account: with it moves what tells which tokens it was minted from, kept on ledgers of their own (<see cref="CreditLedgers"/>).
/// One at a time, so that source never stays behind without its credit. Key = <c>denom/account</c>, see <see cref="CreditLedgers.AccountKey"/>.
/// </summary>
[Alias("depin.credit_account.grain")]
public interface ICreditAccountGrain : IGrainWithStringKey
{
    /// <summary>
    /// Posts <paramref name="amount"/> to another account under the caller's transfer id, once. Credit without a source leaves first, then sources in the order of configuration.
    /// Refusals are the ledger's, for ever under this id. With <paramref name="source"/> all of it must come from that one: <c>act.not_backed</c> with what does.
    /// </summary>
    [Alias("send")]
    Task<Result<CreditMoved>> SendAsync(string transferId, string toAccount, long amount, string memo, string? source = null);

    /// <summary>The sweep's call: finishes what a crash interrupted.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>An amount by source; null source = none known.</summary>
[GenerateSerializer, Immutable, Alias("depin.credit.sourced.v1")]
public readonly record struct SourcedCredit([property: Id(0)] string? Source, [property: Id(1)] long Amount);

/// <summary>What was moved, in the order it is to be spent again: parts sum to the amount.</summary>
[GenerateSerializer, Immutable, Alias("depin.credit.moved.v1")]
public sealed record CreditMoved([property: Id(0)] string TransferId, [property: Id(1)] ImmutableArray<SourcedCredit> Parts, [property: Id(2)] TransferReceipt Receipt);

/// <summary>
/// Names of the ledgers that follow credit to its source: <c>uact.uakt</c> says how much of each account's uact was minted from uakt. Same accounts, same transfer ids; supply = credit minted from
/// that token and not burned back.
/// </summary>
public static class CreditLedgers
{
    /// <summary>The ledger of one source.</summary>
    public static string Of(string credit, string source) => $"{credit}.{source}";

    /// <summary>Key of <see cref="ICreditAccountGrain"/>.</summary>
    public static string AccountKey(string credit, string account) => $"{credit}/{account}";
}
