using DepinGrains.Contracts.Deployments;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Deployments;

/// <summary><c>/v1/orders</c>: what is asked for on the market; public.</summary>
public static class OrderEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapOrderEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/orders").WithTags("Market").AllowAnonymous();
        group.MapGet("", ListAsync).WithName("listOrders").WithSummary("Orders by state (open by default), newest first; those of one deployment whatever their state");
        routes.MapGet("/v1/orders/feed", OrderFeed.Stream).WithTags("Market").RequireScope("orders:read").WithName("streamOrders")
            .WithSummary("Orders open to the caller as a provider, and what becomes of its bids, as server-sent events; resume with Last-Event-ID");
        return group;
    }

    /// <summary>Lists; with a deployment (<c>owner/dseq</c>) its orders of all groups, by group and number.</summary>
    public static Task<IResult> ListAsync(PageQuery page, IRowStore store, string? status, string? deployment) =>
        RowLists.Async(
            store,
            deployment is null
                ? new ListQuery(OrderRow.Kind.Table.Kind, RowLists.Filters(("status", status ?? "open")), "opened_ms", Descending: true, page.Limit, page.Cursor)
                : new ListQuery(OrderRow.Kind.Table.Kind, RowLists.Filters(("parent", deployment), ("status", status)), "key", Descending: false, page.Limit, page.Cursor),
            static row => OrderSummary.Of(RowKind<OrderRow>.Read(row)));
}

/// <summary>An order in a list.</summary>
public sealed record OrderSummary(string Id, OrderStatus Status, GroupSpec Spec, string Ceiling, string Denom, DateTimeOffset OpenedAt, DateTimeOffset WindowEndsAt, WinnerRule Winner, long ReclaimMinSeconds)
{
    /// <summary>From a row.</summary>
    public static OrderSummary Of(OrderRow o) => new($"{o.Deployment}/{o.Gseq}/{o.Oseq}", o.Status, o.Spec, o.Ceiling, o.Denom, o.OpenedAt, o.WindowEndsAt, o.Winner, o.ReclaimMinSeconds);
}
