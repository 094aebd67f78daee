using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Credits;

/// <summary>
/// Mints credit (ACT, worth one dollar) for tokens burned, and burns it back into the token it was minted from. Key = the credit's denomination. Owner of every conversion's saga:
/// one at a time, its intent persisted before the first ledger is asked.
/// </summary>
[Alias("depin.credit_vault.grain")]
public interface ICreditVaultGrain : IGrainWithStringKey
{
    /// <summary>What a conversion would give now; changes nothing. Refusals as of <see cref="ConvertAsync"/>.</summary>
    [Alias("quote")]
    Task<Result<CreditQuote>> QuoteAsync(CreditDirection direction, string token, long amount);

    /// <summary>
    /// Converts, once per operation id. <c>act.token_not_allowed</c>, <c>act.amount_min</c>, <c>act.day_max</c>, <c>act.price_moved</c> (below the least the caller takes),
    /// <c>act.halted</c> (collateral), <c>act.not_backed</c> (more credit than the caller has from that token), <c>act.vault_short</c>, those of the oracle and of the ledger.
    /// </summary>
    [Alias("convert")]
    Task<Result<CreditConversion>> ConvertAsync(string operationId, ConvertCredit command);

    /// <summary>The vault as it stands.</summary>
    [Alias("get")]
    Task<CreditVaultView> GetAsync();

    /// <summary>The sweep's call: finishes a conversion a crash interrupted.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Which way.</summary>
[GenerateSerializer]
public enum CreditDirection
{
    /// <summary>Burn the token, mint credit.</summary>
    Buy = 0,

    /// <summary>Burn credit, mint the token.</summary>
    Sell = 1,
}

/// <summary>A conversion to make.</summary>
/// <param name="Token">The token burned (buy) or wanted back (sell).</param>
/// <param name="Amount">Minor units given: of the token when buying, of credit when selling.</param>
/// <param name="MinOut">Least the caller takes, minor units; 0 = whatever the price gives.</param>
[GenerateSerializer, Immutable, Alias("depin.credit.convert.v1")]
public sealed record ConvertCredit(
    [property: Id(0)] string Identity,
    [property: Id(1)] CreditDirection Direction,
    [property: Id(2)] string Token,
    [property: Id(3)] long Amount,
    [property: Id(4)] long MinOut);

/// <summary>What a conversion would give.</summary>
/// <param name="Usd">The price of the token, decimal text.</param>
[GenerateSerializer, Immutable, Alias("depin.credit.quote.v1")]
public sealed record CreditQuote(
    [property: Id(0)] CreditDirection Direction,
    [property: Id(1)] string Token,
    [property: Id(2)] long Amount,
    [property: Id(3)] long Out,
    [property: Id(4)] string Usd,
    [property: Id(5)] int SpreadBps,
    [property: Id(6)] DateTimeOffset At);

/// <summary>A conversion that was made.</summary>
[GenerateSerializer, Immutable, Alias("depin.credit.conversion.v1")]
public sealed record CreditConversion(
    [property: Id(0)] string Id,
    [property: Id(1)] string Identity,
    [property: Id(2)] CreditDirection Direction,
    [property: Id(3)] string Token,
    [property: Id(4)] long Amount,
    [property: Id(5)] long Out,
    [property: Id(6)] string Usd,
    [property: Id(7)] DateTimeOffset At);

/// <summary>What the vault knows of one token.</summary>
/// <param name="Burned">Minor units burned into credit and not yet given back.</param>
/// <param name="Outstanding">Credit minted from it and not yet burned back.</param>
/// <param name="MintedToday">Credit minted from it since midnight UTC.</param>
/// <param name="CollateralBps">Worth of <paramref name="Burned"/> at the price in force, in basis points of <paramref name="Outstanding"/>; null without a price.</param>
[GenerateSerializer, Immutable, Alias("depin.credit.vault_token.v1")]
public sealed record CreditVaultToken(
    [property: Id(0)] string Token,
    [property: Id(1)] long Burned,
    [property: Id(2)] long Outstanding,
    [property: Id(3)] long MintedToday,
    [property: Id(4)] long? CollateralBps);

/// <summary>The vault.</summary>
[GenerateSerializer, Immutable, Alias("depin.credit.vault.v1")]
public sealed record CreditVaultView([property: Id(0)] string Credit, [property: Id(1)] ImmutableArray<CreditVaultToken> Tokens, [property: Id(2)] bool Unfinished);
