using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Credits;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Credits;

/// <summary>A conversion to make.</summary>
/// <param name="Direction"><c>buy</c>: burn the token, mint credit; <c>sell</c>: burn credit, mint the token it came from.</param>
/// <param name="Token">AKT, USDC or a denomination.</param>
/// <param name="Amount">Minor units given: of the token when buying, of the credit when selling.</param>
/// <param name="MinOut">Least you take, minor units; refused with <c>act.price_moved</c> and the numbers when the price gives less.</param>
public sealed record ConvertRequest(
    CreditDirection Direction,
    [property: Required, StringLength(100, MinimumLength = 1)] string Token,
    [property: Range(1, long.MaxValue)] long Amount,
    [property: Range(0, long.MaxValue)] long MinOut = 0);

/// <summary><c>/v1/credits/{credit}</c>: ACT, credit worth one dollar.</summary>
public static class CreditEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapCreditEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/credits/{credit}").WithTags("Credits");
        group.MapGet("", VaultAsync).AllowAnonymous().WithName("getCreditVault").WithSummary("What was burned, what is outstanding, collateral").Produces<CreditVaultView>();
        group.MapGet("quote", QuoteAsync).AllowAnonymous().WithName("quoteCredit").WithSummary("What a conversion would give now").Produces<CreditQuote>();
        group.MapPost("conversions", ConvertAsync).RequireSignature().WithName("convertCredit").WithSummary("Mint credit for a token, or burn it back").Produces<CreditConversion>();
        group.MapGet("conversions", ListAsync).RequireScope("ledgers:read").WithName("listConversions").WithSummary("The caller's conversions, newest first");
    }

    /// <summary>The vault.</summary>
    public static async Task<IResult> VaultAsync(string credit, TokenCatalog tokens, IGrainFactory grains) =>
        Vault(credit, tokens, grains) is { IsOk: true, Value: var vault } ? TypedResults.Ok(await vault.GetAsync()) : Problems.From(Unknown(credit));

    /// <summary>A quote.</summary>
    public static async Task<IResult> QuoteAsync(string credit, string direction, string token, long amount, TokenCatalog tokens, IGrainFactory grains) =>
        direction is not ("buy" or "sell") ? Problems.From(Refusal.Of("act.direction_invalid", "direction is buy or sell", ("direction", direction)))
        : Vault(credit, tokens, grains) is { IsOk: true, Value: var vault } ? Answer(await vault.QuoteAsync(direction == "buy" ? CreditDirection.Buy : CreditDirection.Sell, token, amount))
        : Problems.From(Unknown(credit));

    /// <summary>Converts.</summary>
    public static async Task<IResult> ConvertAsync(string credit, ConvertRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains)
    {
        var vault = Vault(credit, tokens, grains);
        return (vault.Refusal ?? await caller.VerifyAsync(grains)) is { } refusal
            ? Problems.From(refusal)
            : Answer(await vault.Value!.ConvertAsync(caller.OperationId(context), new ConvertCredit(caller.Identity, body.Direction, body.Token, body.Amount, body.MinOut)));
    }

    /// <summary>The caller's conversions.</summary>
    public static Task<IResult> ListAsync(string credit, PageQuery page, Caller caller, IRowStore store) => RowLists.Async(
        store,
        new ListQuery(ConversionRow.Kind.Table.Kind, RowLists.Filters(("identity", caller.Identity)), "at_ms", Descending: true, page.Limit, page.Cursor),
        static row => RowKind<ConversionRow>.Read(row).Conversion);

    private static Result<ICreditVaultGrain> Vault(string credit, TokenCatalog tokens, IGrainFactory grains) =>
        tokens.Find(credit) is { MintedFrom.Count: > 0 } token ? new Result<ICreditVaultGrain>(grains.GetGrain<ICreditVaultGrain>(token.Denom), null) : Unknown(credit);

    private static Refusal Unknown(string credit) => Refusal.Of("act.credit_unknown", $"this network has no credit {credit}", ("credit", credit));

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
