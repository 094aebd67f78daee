using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Ledgers;

/// <summary>Money to bring into being.</summary>
/// <param name="To">Identity whose wallet gets it.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Reason">For the record; public.</param>
public sealed record IssueRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string To,
    [property: Range(1, long.MaxValue)] long Amount,
    [property: Required, StringLength(200, MinimumLength = 3)] string Reason);

/// <summary><c>/v1/ledgers/{token}/issues</c>: what operators bring into being, within the day's cap of configuration.</summary>
public static class IssuanceEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapIssuanceEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/ledgers/{token}/issues").WithTags("Ledgers");
        group.MapGet("", ListAsync).AllowAnonymous().WithName("listIssues").WithSummary("What operators brought into being, newest first, with who and why");
        group.MapPost("", IssueAsync).RequireSignature().WithName("issue").WithSummary("Bring money into being, within Issuance:DayMax (operators)").Produces<Issuance>();
    }

    /// <summary>The list.</summary>
    public static Task<IResult> ListAsync(string token, PageQuery page, TokenCatalog tokens, IRowStore store) => RowLists.Async(
        store,
        new ListQuery(IssuedRow.Kind.Table.Kind, RowLists.Filters(("token", tokens.Find(token)?.Denom ?? token)), "at_ms", Descending: true, page.Limit, page.Cursor),
        static row => RowKind<IssuedRow>.Read(row).Issuance);

    /// <summary>Issues.</summary>
    public static async Task<IResult> IssueAsync(string token, IssueRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains)
    {
        if (tokens.Find(token)?.Denom is not { } denom)
        {
            return Problems.From(Refusal.Of("ledger.token_unknown", $"this network has no token {token}", ("token", token)));
        }

        if (await caller.VerifyOperatorAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var issued = await grains.GetGrain<IIssuanceGrain>(denom).MintAsync(caller.OperationId(context), new MintMoney(body.To, body.Amount, body.Reason, caller.Identity));
        return issued.IsOk ? TypedResults.Ok(issued.Value) : Problems.From(issued.Refusal);
    }
}
