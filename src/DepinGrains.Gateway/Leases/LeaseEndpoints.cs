using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Leases;

/// <summary><c>/v1/leases</c>: what runs where, seen by its two parties.</summary>
public static class LeaseEndpoints
{
    private const int TailMax = 10_000;
    private const int TerminalMax = 1_000;
    private const int CommandWordsMax = 256;
    private const string Id = "{owner}/{dseq}/{gseq:int}/{oseq:int}/{provider}";

    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapLeaseEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/leases").WithTags("Leases");
        group.MapGet("", ListAsync).RequireScope("leases:read").WithName("listLeases").WithSummary("The caller's leases as tenant (default) or provider (as=provider), newest first");
        group.MapGet(Id, GetAsync).RequireScope("leases:read").TakesLeaseTokens().WithName("getLease").WithSummary("A lease: workloads, addresses, last status");
        group.MapGet(Id + "/logs", LogsAsync).RequireScope("leases:read").TakesLeaseTokens().WithName("getLeaseLogs").WithSummary("What the workloads write, as server-sent events; follow=true goes on, Last-Event-ID resumes");
        group.MapGet(Id + "/shell", ShellAsync).RequireScope("leases:shell").TakesLeaseTokens().WithName("openLeaseShell").WithSummary("A shell in a workload, over a WebSocket").ExcludeFromDescription();
        return group;
    }

    /// <summary>Lists.</summary>
    public static Task<IResult> ListAsync(PageQuery page, Caller caller, IRowStore store, string? status, string? @as) =>
        RowLists.Async(
            store,
            new ListQuery(LeaseState.Kind.Table.Kind, RowLists.Filters((@as == "provider" ? "provider" : "owner", caller.Identity), ("status", status)), "opened_ms", Descending: true, page.Limit, page.Cursor, LeaseState.NewestColumn),
            static row => LeaseSummary.Of(row));

    /// <summary>One lease.</summary>
    public static async Task<IResult> GetAsync(string owner, string dseq, int gseq, int oseq, string provider, Caller caller, HttpContext context, IGrainFactory grains)
    {
        var lease = await FindAsync(owner, $"{owner}/{dseq}/{gseq}/{oseq}/{provider}", provider, caller, grains);
        return lease.IsOk ? EntityTags.Read(context, lease.Value, lease.Value.Version) : Problems.From(lease.Refusal);
    }

    /// <summary>Log lines of every workload of the lease (or of one service), each an event <c>log</c>; resumed after the id of the last one seen.</summary>
    public static async Task<IResult> LogsAsync(
        string owner, string dseq, int gseq, int oseq, string provider, Caller caller, HttpContext context, IGrainFactory grains, AgentConnections agents, LeaseRelay relay, string? service, int tail = 100, bool follow = false)
    {
        var lease = await FindAsync(owner, $"{owner}/{dseq}/{gseq}/{oseq}/{provider}", provider, caller, grains);
        if (!lease.IsOk)
        {
            return Problems.From(lease.Refusal);
        }

        var places = new List<LeaseRelay.Place>();
        foreach (var workload in lease.Value.Workloads.Where(w => (service is null || w.Service == service) && (LeaseRelay.Asked(context) ?? w.Id) == w.Id))
        {
            var place = await relay.FindAsync(context, workload);
            if (!place.IsOk)
            {
                return Problems.From(place.Refusal);
            }

            places.Add(place.Value);
        }

        if (LeaseLogStream.Seen(EventStreamResult.Resume(context), places.Count) is not { } seen)
        {
            return Problems.From(EventStreamResult.Unreadable());
        }

        var lines = new LeaseLogStream(context, agents, relay, places, Math.Clamp(tail, 0, TailMax), follow);
        var id = lease.Value.Id;
        return new EventStreamResult(cancel => lines.ReadAsync(seen, cancel), now => Closed(now, owner, id, provider));
    }

    /// <summary>
    /// Bridges the caller's WebSocket to a program in a workload; only the tenant. <c>command</c> may be repeated (program, then arguments); <c>columns</c> and <c>rows</c> above 0 ask for a
    /// terminal. All that can be refused is refused before the upgrade; a request that is no WebSocket is told so last, so that a client whose upgrade failed can ask again plainly for the reason.
    /// </summary>
    public static async Task<IResult> ShellAsync(
        string owner, string dseq, int gseq, int oseq, string provider, Caller caller, HttpContext context, IGrainFactory grains, AgentConnections agents, LeaseRelay relay, StreamSlots slots, StreamWatch watch, string? service, string[]? command, int replica = 0, int columns = 0, int rows = 0)
    {
        if (caller.OwnerOnly(owner, operatorsToo: false) is { } foreign)
        {
            return Problems.From(foreign);
        }

        var lease = await FindAsync(owner, $"{owner}/{dseq}/{gseq}/{oseq}/{provider}", provider, caller, grains);
        if (!lease.IsOk)
        {
            return Problems.From(lease.Refusal);
        }

        var workload = lease.Value.Workloads.FirstOrDefault(w => (service is null || w.Service == service) && w.Replica == replica);
        if (workload is null)
        {
            return Problems.From(Refusal.Of(
                "lease.workload_not_found",
                $"The lease runs no such workload; it has {string.Join(", ", lease.Value.Workloads.Select(static w => $"{w.Service}/{w.Replica}"))}.",
                ("service", service),
                ("replica", replica)));
        }

        if (columns is < 0 or > TerminalMax || rows is < 0 or > TerminalMax || command is { Length: > CommandWordsMax } || command?.Any(static c => c is null || c.Contains('\0', StringComparison.Ordinal)) is true)
        {
            return Problems.From(Refusal.Of("lease.shell_invalid", $"A terminal has 1 to {TerminalMax} columns and rows, a command at most {CommandWordsMax} words without NUL.", ("max", TerminalMax)));
        }

        var place = await relay.FindAsync(context, workload);
        if (!place.IsOk)
        {
            return Problems.From(place.Refusal);
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            return Problems.From(Refusal.Of("lease.shell_invalid", "A shell is opened as a WebSocket (HTTP/1.1 upgrade)."));
        }

        return await slots.HoldAsync(context, async () =>
        {
            if (place.Value.Peer is not null)
            {
                return await LeaseRelay.ShellAsync(context, place.Value);
            }

            var shell = agents.OpenShell(workload.Node, workload.Id, [.. command is { Length: > 0 } ? command : ["/bin/sh"]], columns, rows);
            if (!shell.IsOk)
            {
                return Problems.From(shell.Refusal);
            }

            await using var session = shell.Value;
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await session.BridgeAsync(socket, cancel => watch.RefusedAsync(context, now => now.OwnerOnly(owner, operatorsToo: false) ?? Closed(now, owner, lease.Value.Id, provider), cancel), context.RequestAborted);
            return Results.Empty;
        });
    }

    /// <summary>Null when the caller may read of the lease.</summary>
    private static Refusal? Closed(Caller caller, string owner, string id, string provider) => (caller.Identity == provider ? null : caller.OwnerOnly(owner)) ?? caller.LeaseOnly(id);

    private static async Task<Result<LeaseView>> FindAsync(string owner, string id, string provider, Caller caller, IGrainFactory grains)
    {
        return Closed(caller, owner, id, provider) is { } closed ? closed : await grains.GetGrain<ILeaseGrain>(id).GetAsync();
    }
}

/// <summary>A lease in a list.</summary>
public sealed record LeaseSummary(string Id, LeaseStatus Status, string Owner, string Provider, string Rate, string Currency, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, int CloseReason, string CloseDetail)
{
    /// <summary>From a row's columns; from its document where it comes with one. Instants in columns are whole milliseconds.</summary>
    public static LeaseSummary Of(StoredRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Document.IsEmpty ? OfColumns(row.Id.Key, row.Columns.AsSpan()) : OfDocument(row);
    }

    private static LeaseSummary OfColumns(string id, ReadOnlySpan<object?> columns) => new(
        id,
        LeaseNames.Read((string)columns[LeaseState.StatusColumn]!),
        (string)columns[LeaseState.OwnerColumn]!,
        (string)columns[LeaseState.ProviderColumn]!,
        (string)columns[LeaseState.RateColumn]!,
        (string)columns[LeaseState.RateColumn + 1]!,
        DateTimeOffset.FromUnixTimeMilliseconds((long)columns[LeaseState.OpenedColumn]!),
        columns[LeaseState.OpenedColumn + 1] is long closed ? DateTimeOffset.FromUnixTimeMilliseconds(closed) : null,
        (int)(long)columns[LeaseState.RateColumn + 2]!,
        (string)columns[LeaseState.RateColumn + 3]!);

    // Bookings and workloads, most of the document, are passed over unread.
    private static LeaseSummary OfDocument(StoredRow row)
    {
        var s = RowJson.Read<Document>(row.Document);
        return new(row.Id.Key, s.Status, s.Terms.Owner, s.Terms.Provider, s.Terms.Rate, s.Terms.Currency, s.Terms.OpenedAt, s.ClosedAt, s.CloseReason, s.CloseDetail);
    }

    private sealed record Document(DocumentTerms Terms, LeaseStatus Status, DateTimeOffset? ClosedAt, int CloseReason, string CloseDetail);

    private sealed record DocumentTerms(string Owner, string Provider, string Rate, string Currency, DateTimeOffset OpenedAt);
}
