using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Providers;

/// <summary>A provider's profile as it is put.</summary>
public sealed record ProviderRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string Name,
    IReadOnlyDictionary<string, string>? Attributes = null,
    PricingRequest? Pricing = null,
    [property: StringLength(256)] string HostUri = "");

/// <summary>Prices in US dollars a month as decimal text; absent ones are Akash's defaults.</summary>
public sealed record PricingRequest(
    string? CpuUsd = null,
    string? MemoryUsd = null,
    IReadOnlyDictionary<string, string>? StorageUsd = null,
    string? EndpointUsd = null,
    string? IpUsd = null,
    IReadOnlyDictionary<string, string>? GpuUsd = null);

/// <summary>Attributes an auditor vouches for, exactly as declared.</summary>
public sealed record SignAttributesRequest([property: Required, MinLength(1)] IReadOnlyDictionary<string, string> Attributes);

/// <summary>A token for one node.</summary>
public sealed record JoinTokenRequest([property: Range(10, 2_592_000)] int LifetimeSeconds = 3_600);

/// <summary><c>/v1/providers</c>: who sells.</summary>
public static class ProviderEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapProviderEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/providers").WithTags("Providers");
        group.MapGet("", ListAsync).AllowAnonymous().WithName("listProviders").WithSummary("All providers");
        group.MapGet("{id}", GetAsync).AllowAnonymous().WithName("getProvider").WithSummary("A provider");
        group.MapPost("", PutAsync).RequireSignature().WithName("putProvider").WithSummary("Register as a provider, or replace the profile");
        group.MapPost("{id}/maintenance/{mode}", MaintenanceAsync).RequireSignature().WithName("setMaintenance").WithSummary("on: stop bidding; off: resume");
        group.MapPost("{id}/signatures", SignAsync).RequireSignature().WithName("signAttributes").WithSummary("Vouch for a provider's attributes");
        group.MapPost("join-tokens", JoinTokenAsync).RequireSignature().WithName("createJoinToken").WithSummary("A one-time token with which one node joins the caller");
        group.MapPost("delete", DeleteAsync).RequireSignature().WithName("deleteProvider").WithSummary("Stop being a provider; refused with active leases");
        return group;
    }

    /// <summary>Lists.</summary>
    public static Task<IResult> ListAsync(PageQuery page, IRowStore store) =>
        RowLists.Async(
            store,
            new ListQuery(ProviderState.Kind.Table.Kind, RowLists.Filters(("deleted", false)), "updated_ms", Descending: true, page.Limit, page.Cursor),
            static row => RowKind<ProviderState>.Read(row).View(row.Version));

    /// <summary>One provider.</summary>
    public static async Task<IResult> GetAsync(string id, HttpContext context, IGrainFactory grains)
    {
        var provider = await grains.GetGrain<IProviderGrain>(id).GetAsync();
        return provider.IsOk ? EntityTags.Read(context, provider.Value, provider.Value.Version) : Problems.From(provider.Refusal);
    }

    /// <summary>Registers or replaces.</summary>
    public static Task<IResult> PutAsync(ProviderRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(caller.Identity, caller, context, grains, (grain, operation) => grain.PutAsync(operation, new ProviderProfile(body.Name, Facts(body.Attributes), Policy(body.Pricing), body.HostUri)));

    /// <summary>Maintenance.</summary>
    public static Task<IResult> MaintenanceAsync(string id, string mode, Caller caller, HttpContext context, IGrainFactory grains) =>
        caller.OwnerOnly(id, operatorsToo: false) is { } foreign
            ? Task.FromResult<IResult>(Problems.From(foreign))
            : ActAsync(id, caller, context, grains, (grain, operation) => grain.SetMaintenanceAsync(operation, mode == "on"));

    /// <summary>An auditor's signature.</summary>
    public static Task<IResult> SignAsync(string id, SignAttributesRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        (caller.Roles & Contracts.Identities.IdentityRoles.Auditor) == 0
            ? Task.FromResult<IResult>(Problems.From(Refusal.Of("provider.auditor_not_allowed", "only an identity with the auditor role vouches for attributes", ("roles", caller.Roles))))
            : ActAsync(id, caller, context, grains, (grain, operation) => grain.SignAttributesAsync(operation, caller.Identity, Facts(body.Attributes)));

    /// <summary>A join token.</summary>
    public static Task<IResult> JoinTokenAsync(JoinTokenRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(caller.Identity, caller, context, grains, (grain, operation) => grain.CreateJoinTokenAsync(operation, TimeSpan.FromSeconds(body.LifetimeSeconds)));

    /// <summary>Deletes.</summary>
    public static Task<IResult> DeleteAsync(Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(caller.Identity, caller, context, grains, static (grain, operation) => grain.DeleteAsync(operation));

    private static async Task<IResult> ActAsync<T>(string id, Caller caller, HttpContext context, IGrainFactory grains, Func<IProviderGrain, string, Task<Result<T>>> act)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var result = await act(grains.GetGrain<IProviderGrain>(id), caller.OperationId(context));
        return result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
    }

    private static ImmutableArray<Fact> Facts(IReadOnlyDictionary<string, string>? map) =>
        map is null ? [] : [.. map.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => new Fact(p.Key, p.Value))];

    private static PricingPolicy? Policy(PricingRequest? request)
    {
        var defaults = Domain.Providers.UsdPricing.Default;
        return request is null ? null : new PricingPolicy(
            request.CpuUsd ?? defaults.CpuUsd,
            request.MemoryUsd ?? defaults.MemoryUsd,
            request.StorageUsd is null ? defaults.StorageUsd : Facts(request.StorageUsd),
            request.EndpointUsd ?? defaults.EndpointUsd,
            request.IpUsd ?? defaults.IpUsd,
            Facts(request.GpuUsd));
    }
}
