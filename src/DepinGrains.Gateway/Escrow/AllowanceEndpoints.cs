using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Escrow;

/// <summary>An allowance to give.</summary>
/// <param name="Grantee">Who may deposit your money for its deployments.</param>
/// <param name="Token">AKT, ACT, USDC or a denomination.</param>
/// <param name="Limit">Minor units; what comes back unspent may be drawn again.</param>
/// <param name="ExpiresAt">Never when absent.</param>
public sealed record GrantRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string Grantee,
    [property: Required, StringLength(100, MinimumLength = 1)] string Token,
    [property: Range(1, long.MaxValue)] long Limit,
    DateTimeOffset? ExpiresAt = null);

/// <summary><c>/v1/allowances</c>: let another identity deposit your money for its deployments.</summary>
public static class AllowanceEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapAllowanceEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/allowances").WithTags("Allowances");
        group.MapPost("", GrantAsync).RequireSignature().WithName("grantAllowance").WithSummary("Let another identity deposit your money").Produces<AllowanceView>(StatusCodes.Status201Created);
        group.MapGet("given", GivenAsync).RequireScope("ledgers:read").WithName("listGivenAllowances").WithSummary("Allowances you gave, newest first");
        group.MapGet("received", ReceivedAsync).RequireScope("ledgers:read").WithName("listReceivedAllowances").WithSummary("Allowances given to you, oldest first: the order they are drawn in");
        group.MapPost("{granter}/{number}/revoke", RevokeAsync).RequireSignature().WithName("revokeAllowance").WithSummary("Take back what was not drawn, or decline what was given to you").Produces<AllowanceView>();
    }

    /// <summary>Grants; the id comes from the idempotency key.</summary>
    public static async Task<IResult> GrantAsync(GrantRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (!IdentityIds.IsIdentity(body.Grantee))
        {
            return Problems.From(Refusal.Of("allowance.grantee_invalid", "the grantee is an identity (id_…)"));
        }

        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var operation = caller.OperationId(context);
        var id = $"{caller.Identity}/{operation["op_".Length..][..12]}";
        var granted = await grains.GetGrain<IAllowanceGrain>(id).GrantAsync(new GrantAllowance(operation, caller.Identity, body.Grantee, body.Token, body.Limit, body.ExpiresAt));
        return granted.IsOk ? TypedResults.Created($"/v1/allowances/{id}", granted.Value) : Problems.From(granted.Refusal);
    }

    /// <summary>Given.</summary>
    public static Task<IResult> GivenAsync(PageQuery page, Caller caller, IRowStore store) => ListAsync(page, store, "granter", caller.Identity, descending: true);

    /// <summary>Received.</summary>
    public static Task<IResult> ReceivedAsync(PageQuery page, Caller caller, IRowStore store) => ListAsync(page, store, "grantee", caller.Identity, descending: false);

    /// <summary>Revokes.</summary>
    public static async Task<IResult> RevokeAsync(string granter, string number, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var revoked = await grains.GetGrain<IAllowanceGrain>($"{granter}/{number}").RevokeAsync(caller.OperationId(context), caller.Identity);
        return revoked.IsOk ? TypedResults.Ok(revoked.Value) : Problems.From(revoked.Refusal);
    }

    private static Task<IResult> ListAsync(PageQuery page, IRowStore store, string column, string identity, bool descending) => RowLists.Async(
        store,
        new ListQuery(AllowanceState.Kind.Table.Kind, RowLists.Filters((column, identity)), "created_ms", descending, page.Limit, page.Cursor),
        static row => RowKind<AllowanceState>.Read(row).View(row.Id.Key));
}
