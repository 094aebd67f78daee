using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Emissions;

/// <summary><c>/v1/emissions/{token}</c>: how much of TAO there is, how much comes, when it halves.</summary>
public static class EmissionEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapEmissionEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/emissions/{token}").WithTags("Emissions").AllowAnonymous();
        group.MapGet("", GetAsync).WithName("getEmission")
            .WithSummary("Issuance, rate per block and day, subnets' shares, the next halving with little, usual and much recycling; blocks not yet minted are counted in").Produces<EmissionView>();
        group.MapGet("history", HistoryAsync).WithName("emissionHistory").WithSummary("One point per hour in which blocks were settled, newest first; with order=asc oldest first").Produces<Page<EmissionPoint>>();
    }

    /// <summary>Emission now.</summary>
    public static async Task<IResult> GetAsync(string token, TokenCatalog tokens, IGrainFactory grains)
    {
        if (tokens.Find(token)?.Denom != EmissionKeys.Tao)
        {
            return Problems.From(Unknown(token));
        }

        var view = await grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).GetAsync();
        return view.IsOk ? TypedResults.Ok(view.Value) : Problems.From(view.Refusal);
    }

    /// <summary>Its history.</summary>
    public static async Task<IResult> HistoryAsync(string token, PageQuery page, TokenCatalog tokens, IRowStore store, string order = "desc") =>
        tokens.Find(token)?.Denom != EmissionKeys.Tao ? Problems.From(Unknown(token))
        : order is not ("asc" or "desc") ? Problems.From(Refusal.Of("emission.order_invalid", "order is asc or desc"))
        : await RowLists.Async(
            store,
            new ListQuery(PointRow.Kind.Table.Kind, [], "block", Descending: order == "desc", page.Limit, page.Cursor),
            static row => RowKind<PointRow>.Read(row).Point);

    private static Refusal Unknown(string token) => Refusal.Of("emission.token_unknown", $"{(token.Length <= 32 ? token : token[..32])} has no halving schedule; TAO has");
}
