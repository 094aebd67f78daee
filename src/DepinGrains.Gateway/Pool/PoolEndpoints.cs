using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Pool;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Pool;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Pool;

/// <summary>What is proposed; see <see cref="ProposalBody"/> for which members belong to which kind.</summary>
public sealed record ProposalRequest(
    ProposalKind Kind,
    [property: Required, StringLength(500, MinimumLength = 1)] string Summary,
    [property: StringLength(100)] string Token = "",
    [property: Range(0, long.MaxValue)] long Amount = 0,
    [property: StringLength(100)] string To = "",
    [property: Range(1, 1_000)] int Instalments = 1,
    [property: Range(0, 31_536_000)] long EverySeconds = 0,
    [property: StringLength(100)] string Parameter = "",
    long Value = 0,
    DateTimeOffset? EffectiveAt = null);

/// <summary>The pool's money in one token, minor units.</summary>
public sealed record PoolBalance(string Token, long Amount);

/// <summary><c>/v1/pool</c>: the community pool and what operators propose to do with it.</summary>
public static class PoolEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapPoolEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/pool").WithTags("Pool");
        group.MapGet("", BalancesAsync).AllowAnonymous().WithName("getPool").WithSummary("What is in the community pool").Produces<ImmutableArray<PoolBalance>>();
        group.MapGet("proposals", ListAsync).AllowAnonymous().WithName("listProposals").WithSummary("Proposals, newest first");
        group.MapGet("proposals/{id}", GetAsync).AllowAnonymous().WithName("getProposal").WithSummary("A proposal").Produces<ProposalView>();
        group.MapPost("proposals", ProposeAsync).RequireSignature().WithName("propose").WithSummary("Propose to fund, incentivise, burn or change a parameter (operators)").Produces<ProposalView>(StatusCodes.Status201Created);
        group.MapPost("proposals/{id}/approve", ApproveAsync).RequireSignature().WithName("approveProposal").WithSummary("Approve (operators, once each)").Produces<ProposalView>();
        group.MapPost("proposals/{id}/cancel", CancelAsync).RequireSignature().WithName("cancelProposal").WithSummary("Cancel before execution (operators)").Produces<ProposalView>();
    }

    /// <summary>The balances.</summary>
    public static async Task<IResult> BalancesAsync(TokenCatalog tokens, IGrainFactory grains) => TypedResults.Ok(
        (await Task.WhenAll(tokens.All.Select(async t => new PoolBalance(t.Denom, (await grains.GetGrain<ILedgerGrain>(t.Denom).GetBalanceAsync(LedgerAccounts.CommunityPool)).Posted)))).ToImmutableArray());

    /// <summary>The proposals.</summary>
    public static Task<IResult> ListAsync(PageQuery page, IRowStore store, NetworkClock clock, string? status) => RowLists.Async(
        store,
        new ListQuery(ProposalState.Kind.Table.Kind, RowLists.Filters(("status", status)), "created_ms", Descending: true, page.Limit, page.Cursor),
        row => RowKind<ProposalState>.Read(row).View(row.Id.Key, clock.Now));

    /// <summary>One.</summary>
    public static async Task<IResult> GetAsync(string id, IGrainFactory grains) => Answer(await grains.GetGrain<IProposalGrain>(id).GetAsync());

    /// <summary>Proposes; the id comes from the idempotency key.</summary>
    public static async Task<IResult> ProposeAsync(ProposalRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (body.To.Length > 0 && !IdentityIds.IsIdentity(body.To))
        {
            return Problems.From(Refusal.Of("pool.proposal_invalid", "to: wanted an identity (id_…)", ("field", "to")));
        }

        if (await caller.VerifyOperatorAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var id = "prop_" + caller.OperationId(context)["op_".Length..];
        var made = await grains.GetGrain<IProposalGrain>(id).ProposeAsync(caller.Identity, new ProposalBody(
            body.Kind, body.Summary, body.Token, body.Amount, body.To, body.Instalments, body.EverySeconds, body.Parameter, body.Value, body.EffectiveAt));
        return made.IsOk ? TypedResults.Created($"/v1/pool/proposals/{id}", made.Value) : Problems.From(made.Refusal);
    }

    /// <summary>Approves.</summary>
    public static async Task<IResult> ApproveAsync(string id, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyOperatorAsync(grains) is { } refusal ? Problems.From(refusal) : Answer(await grains.GetGrain<IProposalGrain>(id).ApproveAsync(caller.OperationId(context), caller.Identity));

    /// <summary>Cancels.</summary>
    public static async Task<IResult> CancelAsync(string id, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyOperatorAsync(grains) is { } refusal ? Problems.From(refusal) : Answer(await grains.GetGrain<IProposalGrain>(id).CancelAsync(caller.OperationId(context), caller.Identity));

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
