using DepinGrains.Contracts.Leases;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Leases;

/// <summary><c>/v1/leases</c>: what runs where, seen by its two parties.</summary>
public static class LeaseEndpoints
{
    private const string Id = "{owner}/{dseq}/{gseq:int}/{oseq:int}/{provider}";

    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapLeaseEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/leases").WithTags("Leases");
        group.MapGet("", ListAsync).RequireScope("leases:read").WithName("listLeases").WithSummary("The caller's leases as tenant (default) or provider (as=provider), newest first");
        group.MapGet(Id, GetAsync).RequireScope("leases:read").WithName("getLease").WithSummary("A lease: workloads, addresses, last status");
        return group;
    }

    /// <summary>Lists.</summary>
    public static Task<IResult> ListAsync(PageQuery page, Caller caller, IRowStore store, string? status, string? @as) =>
        RowLists.Async(
            store,
            new ListQuery(LeaseState.Kind.Table.Kind, RowLists.Filters((@as == "provider" ? "provider" : "owner", caller.Identity), ("status", status)), "opened_ms", Descending: true, page.Limit, page.Cursor),
            static row => LeaseSummary.Of(row.Id.Key, RowKind<LeaseState>.Read(row)));

    /// <summary>One lease.</summary>
    public static async Task<IResult> GetAsync(string owner, string dseq, int gseq, int oseq, string provider, Caller caller, HttpContext context, IGrainFactory grains)
    {
        var id = $"{owner}/{dseq}/{gseq}/{oseq}/{provider}";
        if ((caller.Identity == provider ? null : caller.OwnerOnly(owner)) is { } foreign)
        {
            return Problems.From(foreign);
        }

        if (caller.LeaseOnly(id) is { } other)
        {
            return Problems.From(other);
        }

        var lease = await grains.GetGrain<ILeaseGrain>(id).GetAsync();
        return lease.IsOk ? EntityTags.Read(context, lease.Value, lease.Value.Version) : Problems.From(lease.Refusal);
    }
}

/// <summary>A lease in a list.</summary>
public sealed record LeaseSummary(string Id, LeaseStatus Status, string Owner, string Provider, string Rate, string Currency, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, int CloseReason, string CloseDetail)
{
    /// <summary>From a row.</summary>
    public static LeaseSummary Of(string id, LeaseState s) =>
        new(id, s.Status, s.Terms.Owner, s.Terms.Provider, s.Terms.Rate, s.Terms.Currency, s.Terms.OpenedAt, s.ClosedAt, s.CloseReason, s.CloseDetail);
}
