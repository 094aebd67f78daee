using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;

namespace DepinGrains.Gateway.Subnets;

/// <summary><c>/v1/root</c>: how each block's emission is shared out between subnets.</summary>
public static class RootEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapRootEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/root").WithTags("Subnets");
        group.MapGet("", GetAsync).AllowAnonymous().WithName("getRoot").WithSummary("The root's validators, their weights over subnets, and the shares").Produces<RootView>();
        group.MapPost("register", RegisterAsync).RequireSignature().WithName("registerRoot").WithSummary("A hotkey becomes a root validator").Produces<RootMember>();
        group.MapPost("weights", WeightsAsync).RequireSignature(KeyRoles.Any).WithName("setRootWeights").WithSummary("Weigh the subnets").Produces<RootMember>();
        group.MapPost("prices", PriceAsync).RequireSignature().WithName("postSubnetPrice").WithSummary("Post a subnet's price (operators)").Produces<SubnetPrice>();
    }

    /// <summary>The root.</summary>
    public static async Task<IResult> GetAsync(IGrainFactory grains) => TypedResults.Ok(await Root(grains).GetAsync());

    /// <summary>Joins.</summary>
    public static async Task<IResult> RegisterAsync(RootRegisterRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : Answer(await Root(grains).RegisterAsync(caller.OperationId(context), caller.Identity, body.Hotkey ?? Hotkeys.Of(caller.Identity, caller.RequireSigned().KeyId)));

    /// <summary>Weighs.</summary>
    public static async Task<IResult> WeightsAsync(RootWeightsRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        var signer = caller.RequireSigned();
        var hotkey = body.Hotkey ?? Hotkeys.Of(caller.Identity, signer.KeyId);
        if (!Hotkeys.MaySign(hotkey, signer))
        {
            return Problems.From(Refusal.Of("root.not_owner", "a hotkey acts by its own signature or by that of an owner key of its identity", ("error", "NonAssociatedColdKey")));
        }

        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(signer.Request, KeyRoles.Any);
        return verified.IsOk ? Answer(await Root(grains).SetWeightsAsync(caller.OperationId(context), new SetRootWeights(caller.Identity, hotkey, body.Netuids, body.Values))) : Problems.From(verified.Refusal);
    }

    /// <summary>Posts a price.</summary>
    public static async Task<IResult> PriceAsync(SubnetPriceRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyOperatorAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : Answer(await Root(grains).PostPriceAsync(caller.OperationId(context), body.Netuid, (long)(((Int128)body.PriceMillionths << 32) / 1_000_000)));

    private static IRootNetworkGrain Root(IGrainFactory grains) => grains.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry);

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
