using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Deployments;

/// <summary><c>/v1/deployments</c>: from an SDL to leases. What moves money is signed and its signature checked again by the caller's identity grain.</summary>
public static class DeploymentEndpoints
{
    private const int MintTriesMax = 8;

    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapDeploymentEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/deployments").WithTags("Deployments");
        group.MapPost("", CreateAsync).RequireSignature().WithName("createDeployment").WithSummary("Create a deployment from an SDL");
        group.MapGet("", ListAsync).RequireScope("deployments:read").WithName("listDeployments").WithSummary("The caller's deployments, newest first");
        group.MapGet("{owner}/{dseq}", GetAsync).RequireScope("deployments:read").WithName("getDeployment").WithSummary("A deployment with groups, orders and bids");
        group.MapGet("{owner}/{dseq}/escrow", GetEscrowAsync).RequireScope("deployments:read").WithName("getEscrow").WithSummary("Money left, cost so far, predicted end");
        group.MapPut("{owner}/{dseq}/manifest", UpdateAsync).RequireSignature().WithName("updateDeployment").WithSummary("Replace images, commands and env").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{owner}/{dseq}/deposits", DepositAsync).RequireSignature().WithName("depositDeployment").WithSummary("Add money; resumes a deployment paused for lack of it");
        group.MapGet("{owner}/{dseq}/auto-top-up", GetAutoTopUpAsync).RequireScope("deployments:read").WithName("getAutoTopUp").WithSummary("The standing order that keeps the deployment funded");
        group.MapPost("{owner}/{dseq}/auto-top-up", SetAutoTopUpAsync).RequireSignature().WithName("setAutoTopUp").WithSummary("Keep the deployment funded by itself").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{owner}/{dseq}/auto-top-up/off", AutoTopUpOffAsync).RequireSignature().WithName("endAutoTopUp").WithSummary("End the standing order").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{owner}/{dseq}/close", CloseAsync).RequireSignature().WithName("closeDeployment").WithSummary("Close everything, refund the rest");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/{action}", GroupAsync).RequireSignature().WithName("changeGroup").WithSummary("pause, start or close a group");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/lease/close", CloseLeaseAsync).RequireSignature().WithName("closeLease").WithSummary("End the lease; the group is listed again");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/lease/withdraw", WithdrawAsync).RequireSignature().WithName("withdrawLease").WithSummary("Pay the provider what it earned");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/lease/reclaim", ReclaimAsync).RequireSignature().WithName("reclaimLease").WithSummary("Announce that the provider takes the hardware back after the agreed window");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/orders/{oseq:int}/bids", BidAsync).RequireSignature().WithName("createBid").WithSummary("Bid for an open order");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/orders/{oseq:int}/bids/close", CloseBidAsync).RequireSignature().WithName("closeBid").WithSummary("Take a bid back, or end its lease");
        group.MapPost("{owner}/{dseq}/groups/{gseq:int}/orders/{oseq:int}/accept", AcceptAsync).RequireSignature().WithName("acceptBid").WithSummary("Pick the winner");
        group.MapGet("{owner}/{dseq}/groups/{gseq:int}/orders/{oseq:int}/why", WhyAsync).AllowAnonymous().WithName("whyOrder").WithSummary("Why others did not bid");
        return group;
    }

    /// <summary>Creates a deployment. Its id is derived from the idempotency key, so that a retry finds the same one.</summary>
    public static async Task<IResult> CreateAsync(CreateDeploymentRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var operation = caller.OperationId(context);
        for (var attempt = 0; ; attempt++)
        {
            var id = $"{caller.Identity}/{body.Dseq ?? Mint(operation, attempt)}";
            var created = await grains.GetGrain<IDeploymentGrain>(id).CreateAsync(new CreateDeployment(operation, caller.Identity, body.Sdl, body.Deposit, body.Winner, body.From is DepositFrom.Balance ? null : body.From));
            if (!created.IsOk && created.Refusal.Code == "deployment.dseq_taken" && body.Dseq is null && attempt < MintTriesMax)
            {
                continue;
            }

            return created.IsOk ? TypedResults.Created($"/v1/deployments/{id}", created.Value) : Problems.From(created.Refusal);
        }
    }

    /// <summary>The caller's deployments.</summary>
    public static Task<IResult> ListAsync(PageQuery page, Caller caller, IRowStore store, string? status) =>
        RowLists.Async(
            store,
            new ListQuery(DeploymentState.Kind.Table.Kind, RowLists.Filters(("owner", caller.Identity), ("status", status)), "created_ms", Descending: true, page.Limit, page.Cursor),
            static row => DeploymentSummary.Of(row.Id.Key, RowKind<DeploymentState>.Read(row)));

    /// <summary>One deployment.</summary>
    public static async Task<IResult> GetAsync(string owner, string dseq, Caller caller, HttpContext context, IGrainFactory grains)
    {
        var result = await grains.GetGrain<IDeploymentGrain>($"{owner}/{dseq}").GetAsync();
        if (!result.IsOk)
        {
            return Problems.From(result.Refusal);
        }

        var mayRead = caller.OwnerOnly(owner) is null || result.Value.Groups.Any(g => g.Order.Bids.Any(b => b.Provider == caller.Identity));
        return mayRead ? EntityTags.Read(context, result.Value, result.Value.Version) : Problems.From(caller.OwnerOnly(owner)!);
    }

    /// <summary>The escrow account.</summary>
    public static async Task<IResult> GetEscrowAsync(string owner, string dseq, Caller caller, IGrainFactory grains) =>
        caller.OwnerOnly(owner) is { } foreign ? Problems.From(foreign) : Answer(await grains.GetGrain<IEscrowGrain>($"{owner}/{dseq}").GetAsync());

    /// <summary>Replaces the manifest.</summary>
    public static Task<IResult> UpdateAsync(string owner, string dseq, UpdateManifestRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActOnVersionAsync(owner, dseq, caller, context, grains, (grain, operation, version) => grain.UpdateAsync(operation, caller.Identity, body.Sdl, version));

    /// <summary>Adds money.</summary>
    public static Task<IResult> DepositAsync(string owner, string dseq, DepositRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.DepositAsync(operation, caller.Identity, body.Amount, body.From));

    /// <summary>The standing order.</summary>
    public static async Task<IResult> GetAutoTopUpAsync(string owner, string dseq, Caller caller, IGrainFactory grains) =>
        caller.OwnerOnly(owner) is { } foreign ? Problems.From(foreign) : Answer(await grains.GetGrain<IDeploymentGrain>($"{owner}/{dseq}").GetAutoTopUpAsync());

    /// <summary>Sets the standing order.</summary>
    public static Task<IResult> SetAutoTopUpAsync(string owner, string dseq, AutoTopUpRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActOnVersionAsync(owner, dseq, caller, context, grains, (grain, operation, version) =>
            grain.SetAutoTopUpAsync(operation, caller.Identity, new AutoTopUp(body.BelowBlocks, body.ToBlocks, body.AmountMin, body.CapPerPeriod, body.PeriodSeconds, body.From), version));

    /// <summary>Ends it.</summary>
    public static Task<IResult> AutoTopUpOffAsync(string owner, string dseq, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActOnVersionAsync(owner, dseq, caller, context, grains, (grain, operation, version) => grain.SetAutoTopUpAsync(operation, caller.Identity, null, version));

    /// <summary>Closes.</summary>
    public static Task<IResult> CloseAsync(string owner, string dseq, Caller caller, HttpContext context, IGrainFactory grains, CloseRequest? body = null) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.CloseAsync(operation, caller.Identity, (body ?? new CloseRequest()).Reason));

    /// <summary>Pauses, starts or closes a group.</summary>
    public static Task<IResult> GroupAsync(string owner, string dseq, int gseq, string action, Caller caller, HttpContext context, IGrainFactory grains) =>
        action is "pause" or "start" or "close"
            ? ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.ChangeGroupAsync(operation, caller.Identity, gseq, Enum.Parse<GroupAction>(action, ignoreCase: true)))
            : Task.FromResult<IResult>(Problems.From(Refusal.Of("group.action_unknown", $"a group can be paused, started or closed, not {action}", ("action", action))));

    /// <summary>Ends a lease.</summary>
    public static Task<IResult> CloseLeaseAsync(string owner, string dseq, int gseq, Caller caller, HttpContext context, IGrainFactory grains, CloseRequest? body = null) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.CloseLeaseAsync(operation, caller.Identity, gseq, (body ?? new CloseRequest()).Reason));

    /// <summary>Pays the provider.</summary>
    public static Task<IResult> WithdrawAsync(string owner, string dseq, int gseq, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.WithdrawAsync(operation, caller.Identity, gseq));

    /// <summary>Announces a reclamation.</summary>
    public static Task<IResult> ReclaimAsync(string owner, string dseq, int gseq, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.StartReclaimAsync(operation, caller.Identity, gseq));

    /// <summary>Bids.</summary>
    public static Task<IResult> BidAsync(string owner, string dseq, int gseq, int oseq, BidRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) =>
            grain.BidAsync(operation, new SubmitBid(caller.Identity, gseq, oseq, body.Price, body.Denom, body.Deposit, body.ReclaimWindowSeconds, body.Offer is { } offer ? [.. offer.Select(static u => u.ToOffer())] : null)));

    /// <summary>Takes a bid back.</summary>
    public static Task<IResult> CloseBidAsync(string owner, string dseq, int gseq, int oseq, CloseBidRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.CloseBidAsync(operation, caller.Identity, gseq, oseq, body.Reason, body.OnlyOpen));

    /// <summary>Picks the winner.</summary>
    public static Task<IResult> AcceptAsync(string owner, string dseq, int gseq, int oseq, AcceptBidRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(owner, dseq, caller, context, grains, (grain, operation) => grain.AcceptBidAsync(operation, caller.Identity, gseq, oseq, body.Provider));

    /// <summary>Why others did not bid.</summary>
    public static async Task<IResult> WhyAsync(string owner, string dseq, int gseq, int oseq, IGrainFactory grains) =>
        Answer(await grains.GetGrain<IDeploymentGrain>($"{owner}/{dseq}").WhyAsync(gseq, oseq));

    /// <summary>A change that may insist on the version of the deployment its caller read (If-Match).</summary>
    private static Task<IResult> ActOnVersionAsync<T>(
        string owner, string dseq, Caller caller, HttpContext context, IGrainFactory grains, Func<IDeploymentGrain, string, long?, Task<Result<T>>> act)
    {
        var expected = EntityTags.Expected(context);
        return expected.IsOk
            ? ActAsync(owner, dseq, caller, context, grains, (grain, operation) => act(grain, operation, expected.Value))
            : Task.FromResult<IResult>(Problems.From(expected.Refusal));
    }

    private static async Task<IResult> ActAsync<T>(
        string owner, string dseq, Caller caller, HttpContext context, IGrainFactory grains, Func<IDeploymentGrain, string, Task<Result<T>>> act)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        // PUT needs no Idempotency-Key, but its signature covers one when it was sent.
        return Answer(await act(grains.GetGrain<IDeploymentGrain>($"{owner}/{dseq}"), caller.OperationId(context)));
    }

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);

    private static string Mint(string operation, int attempt)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{operation}\n{attempt}")));
        // 40 bits: short enough to be read, exact in every JSON reader; a collision is answered by the next attempt.
        return (1 + (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 24)).ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>A deployment in a list.</summary>
public sealed record DeploymentSummary(string Id, string Dseq, DeploymentStatus Status, string Denom, DateTimeOffset CreatedAt, ImmutableArray<string> Leases, string CloseDetail)
{
    /// <summary>From a row.</summary>
    public static DeploymentSummary Of(string id, DeploymentState s) =>
        new(id, s.Dseq, s.Status, s.Denom, s.CreatedAt, [.. s.Groups.Where(static g => g.Order is { LeaseId: not null, Status: OrderStatus.Active }).Select(static g => g.Order.LeaseId!)], s.CloseDetail);
}
