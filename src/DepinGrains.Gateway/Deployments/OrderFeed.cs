using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Providers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Deployments;

/// <summary>
/// <c>/v1/orders/feed</c>: first every open order the caller's profile matches (<c>order.open</c>), then <c>order.created</c>, <c>order.matched</c> and <c>order.closed</c> as they happen, with the caller's own
/// <c>bid.*</c> and <c>lease.*</c> between them in the order they were written. A reader resumes after the position it saw last; one that stayed away longer than events are kept gets <c>order.open</c> of all again, and so does one whose profile or signatures changed,
/// but not oftener than every <see cref="HttpOptions.FeedRelistSeconds"/>: until a list that is owed was given, events have no position, so that a reader who is cut off gets it when he comes back. <c>feed.ready</c> says that what follows is news.
/// </summary>
public static class OrderFeed
{
    private const int PageSize = 256;
    private const int OpenMax = 5_000;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>The stream.</summary>
    public static async Task<IResult> Stream(
        HttpContext context, Caller caller, IEventLog log, IRowStore store, IGrainFactory grains, NetworkClock clock, IOptions<HttpOptions> options, [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var floor = TimeSpan.FromSeconds(options.Value.FeedRelistSeconds);
        var provider = await grains.GetGrain<IProviderGrain>(caller.Identity).GetAsync();
        return provider.IsOk
            ? EventStreamResult.After(context, (after, cancel) => ReadAsync(new Source(log, store, grains, provider.Value, clock), new OwedList(time, floor), after, cancel))
            : Problems.From(provider.Refusal);
    }

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(Source source, OwedList owed, long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var position = after;
        if (after is not null)
        {
            yield return StreamEvent.At(after, "feed.ready", "{}"u8.ToArray());
        }

        while (!cancel.IsCancellationRequested)
        {
            if (position is null || owed.Wait == TimeSpan.Zero)
            {
                // The place to go on from is taken before the orders are listed: one that is opened in between comes twice, none is missed.
                position ??= await source.Log.HeadAsync(cancel);
                owed.Given();
                await foreach (var order in source.OpenAsync(cancel))
                {
                    yield return new StreamEvent(null, "order.open", order);
                }

                yield return StreamEvent.At(position, "feed.ready", "{}"u8.ToArray());
                continue;
            }

            var (events, next) = await source.AfterAsync(position.Value, cancel);
            foreach (var item in events)
            {
                if (Source.IsOwnProfile(item) && await source.ReadProfileAsync())
                {
                    // What it may serve is another from here on, and the orders that are open already must be looked at again.
                    owed.Owe();
                }

                if (await source.ShowAsync(item, cancel) is { } data)
                {
                    yield return StreamEvent.At(owed.IsOwed ? null : item.Position, item.Type, data);
                }
            }

            position = next;
            if (next is { } head && events.IsEmpty && owed.Wait != TimeSpan.Zero)
            {
                await source.Log.WaitAsync(head, owed.Wait is { } left && left < Poll ? left : Poll, cancel);
            }
        }
    }

    /// <summary>When a list of all open orders is due again: each reads up to <see cref="OpenMax"/> rows, and a provider may change his profile as often as he likes.</summary>
    private sealed class OwedList(TimeProvider time, TimeSpan floor)
    {
        private long? _given;

        /// <summary>True from a change of the profile until the list.</summary>
        public bool IsOwed { get; private set; }

        /// <summary>How long until it may be given; null: none is owed.</summary>
        public TimeSpan? Wait => !IsOwed ? null : _given is { } given && floor - time.GetElapsedTime(given) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

        public void Owe() => IsOwed = true;

        /// <summary>The list begins now. The first, of a reader who has just come, keeps no other waiting.</summary>
        public void Given()
        {
            _given = IsOwed ? time.GetTimestamp() : null;
            IsOwed = false;
        }
    }

    /// <summary>What one provider's feed reads.</summary>
    private sealed class Source(IEventLog log, IRowStore store, IGrainFactory grains, ProviderView provider, NetworkClock clock)
    {
        /// <summary>Not for this reader. A plain null beside memory would be empty memory, which is something.</summary>
        private static ReadOnlyMemory<byte>? Nothing => null;

        public IEventLog Log => log;

        /// <summary>True for events after which other orders match.</summary>
        public static bool IsOwnProfile(StoredEvent item) => item.Topic != "market" && item.Type is ("provider.updated" or "provider.signed" or "provider.signature_withdrawn" or "provider.auditor_declined");

        /// <summary>Reads the profile and its signatures anew; false when the provider is gone.</summary>
        public async Task<bool> ReadProfileAsync()
        {
            if (await grains.GetGrain<IProviderGrain>(provider.Id).GetAsync() is not { IsOk: true, Value: var now })
            {
                return false;
            }

            provider = now;
            return true;
        }

        /// <summary>Every open order that matches, oldest first.</summary>
        public async IAsyncEnumerable<ReadOnlyMemory<byte>> OpenAsync([EnumeratorCancellation] CancellationToken cancel)
        {
            string? cursor = null;
            var seen = 0;
            do
            {
                var query = new ListQuery(OrderRow.Kind.Table.Kind, [new Filter("status", Comparison.Equal, "open")], "opened_ms", false, PageSize, cursor);
                var page = await store.ListAsync(query, cancel);
                foreach (var order in page.Rows.Select(RowKind<OrderRow>.Read).Where(Matches))
                {
                    yield return RowJson.Write(OrderSummary.Of(order));
                }

                cursor = page.NextCursor;
                seen += page.Rows.Length;
            }
            while (cursor is not null && seen < OpenMax);
        }

        /// <summary>Events of the market's orders and of this provider after a position, merged; no position when they are gone.</summary>
        public async Task<(ImmutableArray<StoredEvent> Events, long? Next)> AfterAsync(long after, CancellationToken cancel)
        {
            var market = await log.ReadAsync(after, "market", PageSize, cancel);
            var own = await log.ReadAsync(after, "provider/" + provider.Id, PageSize, cancel);
            if (market.Gone || own.Gone)
            {
                return ([], null);
            }

            // Beyond the shorter page the other topic is not known yet.
            var upTo = Math.Min(market.Position, own.Position);
            return ([.. market.Events.Concat(own.Events).Where(e => e.Position <= upTo).OrderBy(static e => e.Position)], upTo);
        }

        /// <summary>An event's payload, or null when it is not for this reader: an order with all that is asked for, or the event as it stands.</summary>
        public async Task<ReadOnlyMemory<byte>?> ShowAsync(StoredEvent item, CancellationToken cancel)
        {
            if (item.Topic != "market")
            {
                return item.Type.StartsWith("bid.", StringComparison.Ordinal) || item.Type.StartsWith("lease.", StringComparison.Ordinal) ? item.Data : Nothing;
            }

            if (!item.Type.StartsWith("order.", StringComparison.Ordinal) || item.Subject.Split('/') is not [var owner, var dseq, var gseq, var oseq])
            {
                return null;
            }

            var key = OrderRow.KeyOf(int.Parse(gseq, CultureInfo.InvariantCulture), int.Parse(oseq, CultureInfo.InvariantCulture));
            var row = await store.ReadAsync(new RowId(OrderRow.Kind.Table.Kind, $"{owner}/{dseq}", key), cancel);
            return row is not null && RowKind<OrderRow>.Read(row) is var order && Matches(order) ? RowJson.Write(OrderSummary.Of(order)) : Nothing;
        }

        /// <summary>By attributes and auditors' signatures as they stand; hardware is for the provider, and in the end for its nodes' books, to judge.</summary>
        private bool Matches(OrderRow order) => AttributeMatching.WhyNot(OrderTerms.Requirements(order.Spec), provider.Profile.Attributes, AttributeMatching.Standing(provider.Signatures, clock.Now)) is null;
    }
}
