using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Exports;

/// <summary>
/// <c>/v1/network/export</c>: everything of one kind as lines of JSON, from the store's rows, for operators. Each line carries the cursor with which another request goes on behind it (<c>from</c>), so an export that was cut
/// anywhere goes on without a gap; <c>limit</c> ends it earlier. Secrets are in no row that is read here.
/// </summary>
public static class ExportEndpoints
{
    private const int PageSize = 500;
    private const int LinesMax = 1_000_000;

    /// <summary>Maps the endpoints.</summary>
    public static void MapExportEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/network/export").RequireScope("network:read").RequireIdentityRole(IdentityRoles.Operator).WithTags("Network");
        group.MapGet("accounts", Accounts).WithName("exportAccounts").WithSummary("Every account of every ledger (or of one), a line each; those of one ledger are of one moment and add up to zero (operators)").Produces<AccountLine>(contentType: "application/x-ndjson");
        group.MapGet("journal", Journal).WithName("exportJournal").WithSummary("Every operation of every ledger (or of one) in order, a line each (operators)").Produces<JournalLine>(contentType: "application/x-ndjson");
        group.MapGet("leases", Leases).WithName("exportLeases").WithSummary("Every lease, a line each (operators)").Produces<LeaseLine>(contentType: "application/x-ndjson");
        group.MapGet("bids", Bids).WithName("exportBids").WithSummary("Every bid, a line each (operators)").Produces<BidLine>(contentType: "application/x-ndjson");
        group.MapGet("events", Events).WithName("exportEvents").WithSummary("Every event that is still kept, oldest first, a line each (operators)").Produces<EventLine>(contentType: "application/x-ndjson");
    }

    /// <summary>Accounts.</summary>
    public static IResult Accounts(TokenCatalog tokens, ILedgerJournal journal, IGrainFactory grains, TimeProvider time, string? ledger, string? from, [Range(1, LinesMax)] int? limit)
    {
        var start = LedgerStart(tokens, ledger, from);
        return start.IsOk ? Lines(cancel => OfLedgersAsync(start.Value, new LedgerExport(journal, grains, time).AccountsAsync, cancel), limit) : Problems.From(start.Refusal);
    }

    /// <summary>Journals.</summary>
    public static IResult Journal(TokenCatalog tokens, ILedgerJournal journal, IGrainFactory grains, TimeProvider time, string? ledger, string? from, [Range(1, LinesMax)] int? limit)
    {
        var start = LedgerStart(tokens, ledger, from);
        if (!start.IsOk)
        {
            return Problems.From(start.Refusal);
        }

        (long, int)? seen = null;
        if (start.Value.After is { } after)
        {
            if (after.Split('/') is not [var batch, var place] || !long.TryParse(batch, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) || !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var operation))
            {
                return Problems.From(Foreign());
            }

            seen = (sequence, operation);
        }

        var export = new LedgerExport(journal, grains, time);
        return Lines(cancel => OfLedgersAsync(start.Value, (name, place, stop) => export.JournalAsync(name, place is null ? null : seen, stop), cancel), limit);
    }

    /// <summary>Leases.</summary>
    public static IResult Leases(IRowStore store, string? from, [Range(1, LinesMax)] int? limit) => Lines(cancel => RowsAsync(store, LeaseState.Kind.Table.Kind, from, LeaseLine.Of, cancel), limit);

    /// <summary>Bids.</summary>
    public static IResult Bids(IRowStore store, string? from, [Range(1, LinesMax)] int? limit) => Lines(cancel => RowsAsync(store, BidState.Kind.Table.Kind, from, BidLine.Of, cancel), limit);

    /// <summary>Events. Behind a position older than what is kept nothing is told: what lies between is lost.</summary>
    public static IResult Events(IEventLog log, string? from, [Range(1, LinesMax)] int? limit)
    {
        long? after = null;
        if (from is not null)
        {
            if (!long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            {
                return Problems.From(Foreign());
            }

            after = position;
        }

        return Lines(cancel => EventsAsync(log, after, cancel), limit);
    }

    private static NdjsonResult<T> Lines<T>(Func<CancellationToken, IAsyncEnumerable<T>> lines, int? limit) => new(cancel => limit is { } most ? lines(cancel).Take(most) : lines(cancel), StillOperator);

    private static Refusal? StillOperator(Caller caller) => caller.IsOperator
        ? null
        : Refusal.Of(IdentityError.RoleNotAllowed, $"This needs the role {IdentityRoles.Operator}; {caller.Identity} has {caller.Roles}.", ("role", IdentityRoles.Operator), ("roles", caller.Roles));

    private static Refusal Foreign() => Refusal.Of(RequestError.CursorInvalid, "from must be the cursor of a line of this export.");

    /// <summary>Which ledgers, and behind what in the first of them.</summary>
    private static Result<Start> LedgerStart(TokenCatalog tokens, string? ledger, string? from)
    {
        if (ledger is not null && !tokens.IsLedger(ledger))
        {
            return Refusal.Of("ledger.token_unknown", $"this network has no ledger {ledger}", ("token", ledger));
        }

        string[] all = [.. tokens.Ledgers.Where(l => ledger is null || l == ledger)];
        if (from is null)
        {
            return new Start([.. all], null);
        }

        var slash = from.IndexOf('/', StringComparison.Ordinal);
        var place = slash < 0 ? -1 : Array.IndexOf(all, from[..slash]);
        return place < 0 ? Foreign() : new Start([.. all[place..]], from[(slash + 1)..]);
    }

    private static async IAsyncEnumerable<T> OfLedgersAsync<T>(Start start, Func<string, string?, CancellationToken, IAsyncEnumerable<T>> lines, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (var i = 0; i < start.Ledgers.Length; i++)
        {
            await foreach (var line in lines(start.Ledgers[i], i == 0 ? start.After : null, cancel))
            {
                yield return line;
            }
        }
    }

    private static async IAsyncEnumerable<T> RowsAsync<T>(IRowStore store, string kind, string? from, Func<StoredRow, string, T> show, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (string? cursor = from, next = ""; next is not null; cursor = next)
        {
            var query = new ListQuery(kind, [], null, Descending: false, PageSize, cursor);
            var page = await store.ListAsync(query, cancel);
            next = page.NextCursor;
            foreach (var row in page.Rows)
            {
                yield return show(row, RowCursor.After(query, row));
            }
        }
    }

    private static async IAsyncEnumerable<EventLine> EventsAsync(IEventLog log, long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var head = await log.HeadAsync(cancel);
        var position = after ?? await log.TrimmedAsync(cancel);
        do
        {
            var page = await log.ReadAsync(position, null, PageSize, cancel);
            if (page.Gone)
            {
                throw new RefusalException(Refusal.Of("events.gone", $"Events after position {position} are no longer kept; export without a position those that are.", ("position", position), ("head", page.Position)));
            }

            foreach (var item in page.Events.Where(e => e.Position <= head))
            {
                yield return EventLine.Of(item);
            }

            position = page.Position;
        }
        while (position < head);
    }

    private sealed record Start(System.Collections.Immutable.ImmutableArray<string> Ledgers, string? After);
}
