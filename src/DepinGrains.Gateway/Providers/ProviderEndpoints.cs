using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Providers;

/// <summary>A provider's profile as it is put. With neither <paramref name="Pricing"/> nor <paramref name="Scale"/> it bids by itself.</summary>
/// <param name="Pricing">Managed bids by dollar prices.</param>
/// <param name="Scale">Managed bids by prices in minor units per block.</param>
/// <param name="ReclaimWindowSeconds">Notice its managed bids offer to orders that ask for one: 0 (none) or 3,600 to 2,592,000.</param>
public sealed record ProviderRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string Name,
    IReadOnlyDictionary<string, string>? Attributes = null,
    PricingRequest? Pricing = null,
    [property: StringLength(256)] string HostUri = "",
    ScaleRequest? Scale = null,
    [property: Range(0, 2_592_000)] long ReclaimWindowSeconds = 0);

/// <summary>Akash's scale prices: minor units per block and unit, decimal text; absent ones are 0. Storage and cards by class and by <c>model[.ram][.interface]</c>; without card prices cards are free.</summary>
public sealed record ScaleRequest(
    string Cpu = "0",
    string Memory = "0",
    IReadOnlyDictionary<string, string>? Storage = null,
    string Endpoint = "0",
    string Ip = "0",
    IReadOnlyDictionary<string, string>? Gpu = null);

/// <summary>The ranges of a pool, e.g. <c>203.0.113.8-203.0.113.15</c> or <c>203.0.113.16/28</c>; at most 4,096 addresses.</summary>
public sealed record AddressesRequest([property: Required, MaxLength(64)] ImmutableArray<string> Ranges);

/// <summary>Prices in US dollars a month as decimal text; absent ones are Akash's defaults.</summary>
public sealed record PricingRequest(
    string? CpuUsd = null,
    string? MemoryUsd = null,
    IReadOnlyDictionary<string, string>? StorageUsd = null,
    string? EndpointUsd = null,
    string? IpUsd = null,
    IReadOnlyDictionary<string, string>? GpuUsd = null);

/// <summary>Attributes an auditor vouches for, exactly as declared, and for how long: null is the network's default, a year.</summary>
public sealed record SignAttributesRequest([property: Required, MinLength(1)] IReadOnlyDictionary<string, string> Attributes, [property: Range(60, 315_360_000)] long? ValidSeconds = null);

/// <summary>Names of attributes whose signatures an auditor takes back; none: all of its signatures on this provider.</summary>
public sealed record WithdrawSignaturesRequest([property: MaxLength(1_000)] IReadOnlyList<string>? Names = null);

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
        group.MapPost("", PutAsync).RequireSignature().WithName("putProvider").WithSummary("Register as a provider, or replace the profile").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{id}/maintenance/{mode}", MaintenanceAsync).RequireSignature().WithName("setMaintenance").WithSummary("on: stop bidding; off: resume");
        group.MapPost("{id}/signatures", SignAsync).RequireSignature().WithName("signAttributes").WithSummary("Vouch for a provider's attributes");
        group.MapPost("{id}/signatures/withdraw", UnsignAsync).RequireSignature().WithName("withdrawSignatures").WithSummary("Take signatures on a provider's attributes back");
        group.MapPost("{id}/auditors/{auditor}/{mode}", DeclineAsync).RequireSignature().WithName("declineAuditor").WithSummary("decline: remove an auditor's signatures and take no more of them; accept: take them again");
        group.MapPost("join-tokens", JoinTokenAsync).RequireSignature().WithName("createJoinToken").WithSummary("A one-time token with which one node joins the caller");
        group.MapPost("addresses", PutAddressesAsync).RequireSignature().WithName("putAddresses").WithSummary("Replace the addresses the caller leases");
        group.MapGet("{id}/addresses", GetAddressesAsync).AllowAnonymous().WithName("getAddresses").WithSummary("A provider's pool of addresses: total, reserved, leased");
        group.MapPost("delete", DeleteAsync).RequireSignature().WithName("deleteProvider").WithSummary("Stop being a provider; refused with open bids and with leases that are not closed");
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
    public static async Task<IResult> PutAsync(ProviderRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        var expected = EntityTags.Expected(context);
        var profile = new ProviderProfile(body.Name, Facts(body.Attributes), Policy(body.Pricing), body.HostUri, Policy(body.Scale), body.ReclaimWindowSeconds);
        return expected.IsOk
            ? await ActAsync(caller.Identity, caller, context, grains, (grain, operation) => grain.PutAsync(operation, profile, expected.Value))
            : Problems.From(expected.Refusal);
    }

    /// <summary>Maintenance.</summary>
    public static Task<IResult> MaintenanceAsync(string id, string mode, Caller caller, HttpContext context, IGrainFactory grains) =>
        caller.OwnerOnly(id, operatorsToo: false) is { } foreign
            ? Task.FromResult<IResult>(Problems.From(foreign))
            : ActAsync(id, caller, context, grains, (grain, operation) => grain.SetMaintenanceAsync(operation, mode == "on"));

    /// <summary>An auditor's signature.</summary>
    public static Task<IResult> SignAsync(string id, SignAttributesRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        (caller.Roles & Contracts.Identities.IdentityRoles.Auditor) == 0
            ? Task.FromResult<IResult>(Problems.From(Refusal.Of("provider.auditor_not_allowed", "only an identity with the auditor role vouches for attributes", ("roles", caller.Roles))))
            : ActAsync(id, caller, context, grains, (grain, operation) => grain.SignAttributesAsync(operation, caller.Identity, Facts(body.Attributes), body.ValidSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null));

    /// <summary>An auditor's signatures taken back; also by one who is no auditor any more.</summary>
    public static Task<IResult> UnsignAsync(string id, WithdrawSignaturesRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(id, caller, context, grains, (grain, operation) => grain.WithdrawSignaturesAsync(operation, caller.Identity, [.. body.Names ?? []]));

    /// <summary>The provider declines an auditor.</summary>
    public static Task<IResult> DeclineAsync(string id, string auditor, string mode, Caller caller, HttpContext context, IGrainFactory grains) =>
        caller.OwnerOnly(id, operatorsToo: false) is { } foreign
            ? Task.FromResult<IResult>(Problems.From(foreign))
            : ActAsync(id, caller, context, grains, (grain, operation) => grain.DeclineAuditorAsync(operation, auditor, mode == "decline"));

    /// <summary>A join token.</summary>
    public static Task<IResult> JoinTokenAsync(JoinTokenRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(caller.Identity, caller, context, grains, (grain, operation) => grain.CreateJoinTokenAsync(operation, TimeSpan.FromSeconds(body.LifetimeSeconds)));

    /// <summary>Deletes.</summary>
    public static Task<IResult> DeleteAsync(Caller caller, HttpContext context, IGrainFactory grains) =>
        ActAsync(caller.Identity, caller, context, grains, static (grain, operation) => grain.DeleteAsync(operation));

    /// <summary>Replaces the caller's pool.</summary>
    public static async Task<IResult> PutAddressesAsync(AddressesRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var put = await grains.GetGrain<IAddressPoolGrain>(caller.Identity).PutAsync(caller.OperationId(context), body.Ranges);
        return put.IsOk ? TypedResults.Ok(put.Value) : Problems.From(put.Refusal);
    }

    /// <summary>A pool, from its row.</summary>
    public static async Task<IResult> GetAddressesAsync(string id, IRowStore store, NetworkClock clock) =>
        await store.ReadAsync(RowId.Root(AddressPoolState.Kind.Table.Kind, id)) is { } row
            ? TypedResults.Ok(RowKind<AddressPoolState>.Read(row).View(row.Version, clock.Now))
            : TypedResults.Ok(new AddressPoolView(id, [], 0, 0, 0, 0));

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

    private static ScalePricing? Policy(ScaleRequest? request) =>
        request is null ? null : new ScalePricing(request.Cpu, request.Memory, Facts(request.Storage), request.Endpoint, request.Ip) { GpuPerCard = Facts(request.Gpu) };

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
