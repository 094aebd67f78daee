using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Oracle;

/// <summary>A price.</summary>
/// <param name="Token">Denomination or symbol.</param>
/// <param name="Usd">US dollars for one whole token, decimal text with at most 8 decimals.</param>
/// <param name="ObservedAt">When it was seen; now when absent.</param>
public sealed record PostPriceRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string Token,
    [property: Required, RegularExpression(@"^[0-9]{1,7}(\.[0-9]{1,8})?$")] string Usd,
    DateTimeOffset? ObservedAt = null);

/// <summary>The price an operator believes.</summary>
/// <param name="Usd">The median of the feeders as the operator saw it, US dollars for one whole token; refused with both numbers when it is another by now.</param>
public sealed record ConfirmPriceRequest([property: Required, RegularExpression(@"^[0-9]{1,7}(\.[0-9]{1,8})?$")] string Usd);

/// <summary>Who may post prices.</summary>
public sealed record FeederRequest([property: Required, StringLength(100, MinimumLength = 1)] string Identity, bool Registered = true);

/// <summary><c>/v1/oracle</c>: prices of tokens in US dollars.</summary>
public static class OracleEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapOracleEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/oracle").WithTags("Oracle");
        group.MapGet("prices", PricesAsync).AllowAnonymous().WithName("listPrices").WithSummary("Prices in force, what feeders said, and why a price is not in force").Produces<OracleView>();
        group.MapGet("prices/{token}/history", HistoryAsync).AllowAnonymous().WithName("priceHistory").WithSummary("Posts of a token, newest first");
        group.MapPost("prices", PostAsync).RequireSignature().WithName("postPrice").WithSummary("Post a price (registered feeders)").Produces<PriceView>();
        group.MapPost("prices/{token}/confirm", ConfirmAsync).RequireSignature().WithName("confirmPrice").WithSummary("Confirm a price that moved more than is believed at once (operators)").Produces<PriceView>();
        group.MapPost("feeders", FeederAsync).RequireSignature().WithName("setFeeder").WithSummary("Register or remove a feeder (operators)").Produces<OracleView>();
    }

    /// <summary>All prices.</summary>
    public static async Task<IResult> PricesAsync(PriceReader prices) => TypedResults.Ok(await prices.AllAsync());

    /// <summary>The history.</summary>
    public static Task<IResult> HistoryAsync(string token, PageQuery page, IRowStore store) => RowLists.Async(
        store,
        new ListQuery(PriceRow.Kind.Table.Kind, RowLists.Filters(("token", token)), "posted_ms", Descending: true, page.Limit, page.Cursor),
        static row => RowKind<PriceRow>.Read(row) is var p ? new { p.Token, p.Feeder, p.Usd, p.ObservedAt, p.PostedAt, p.InForce } : null!);

    /// <summary>Posts.</summary>
    public static async Task<IResult> PostAsync(PostPriceRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : Answer(await Oracle(grains).PostAsync(caller.OperationId(context), new PostPrice(body.Token, caller.Identity, body.Usd, body.ObservedAt)));

    /// <summary>Confirms.</summary>
    public static async Task<IResult> ConfirmAsync(string token, ConfirmPriceRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyOperatorAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : Answer(await Oracle(grains).ConfirmAsync(caller.OperationId(context), token, body.Usd, caller.Identity));

    /// <summary>Registers or removes a feeder.</summary>
    public static async Task<IResult> FeederAsync(FeederRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (!IdentityIds.IsIdentity(body.Identity))
        {
            return Problems.From(Refusal.Of("oracle.feeder_invalid", "a feeder is an identity (id_…)"));
        }

        return await caller.VerifyOperatorAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : Answer(await Oracle(grains).SetFeederAsync(caller.OperationId(context), body.Identity, body.Registered, caller.Identity));
    }

    private static IOracleGrain Oracle(IGrainFactory grains) => grains.GetGrain<IOracleGrain>(OracleKeys.Network);

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
