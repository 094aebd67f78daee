using System.Runtime.CompilerServices;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Storage.Events;

namespace DepinGrains.Gateway.Events;

/// <summary>
/// <c>/v1/events</c>: what happens, as server-sent events with resume. Topics <c>market</c>, <c>network</c>, <c>node/{id}</c> and <c>subnet/{netuid}</c> are public; <c>deployment/{owner}/{dseq}</c>, <c>provider/{id}</c> and
/// <c>identity/{id}</c> are for their owners, with the scope that reads the thing itself. A position older than what is kept is answered 410 with the address of a snapshot.
/// </summary>
public static class EventEndpoints
{
    private const int PageSize = 256;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>Maps the endpoints.</summary>
    public static void MapEventEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/events", StreamAsync).AllowAnonymous().WithTags("Events").WithName("streamEvents").WithSummary("Server-sent events of one topic; resume with Last-Event-ID");

    /// <summary>The stream; all that can be refused is refused before it begins.</summary>
    public static async Task<IResult> StreamAsync(HttpContext context, IEventLog log, string topic = "market")
    {
        if (EventTopic.Find(topic) is not { } known)
        {
            return Problems.From(Refusal.Of("events.topic_unknown", "Topics are market, network, node/{id}, subnet/{netuid}, deployment/{owner}/{dseq}, provider/{id} and identity/{id}."));
        }

        var position = EventStreamResult.Position(context);
        if ((known.Closed(Caller.Of(context)) ?? position.Refusal) is { } refusal)
        {
            return Problems.From(refusal);
        }

        // One event is enough to learn whether the position still stands.
        if (position.Value is { } after && await log.ReadAsync(after, topic, 1, context.RequestAborted) is { Gone: true } page)
        {
            return Problems.From(Gone(after, page.Position, known.Snapshot));
        }

        return new EventStreamResult(cancel => ReadAsync(log, topic, known, position.Value, cancel), known.Closed);
    }

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(IEventLog log, string topic, EventTopic known, long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var position = after ?? await log.HeadAsync(cancel);
        while (!cancel.IsCancellationRequested)
        {
            var page = await log.ReadAsync(position, topic, PageSize, cancel);
            if (page.Gone)
            {
                // A reader so slow that what it had still to read is no longer kept; when it comes back it is answered 410.
                var gone = Gone(position, page.Position, known.Snapshot);
                yield return new StreamEvent(null, "gone", JsonSerializer.SerializeToUtf8Bytes(new { code = gone.Code, detail = gone.Detail, head = page.Position, snapshot = known.Snapshot }));
                yield break;
            }

            foreach (var item in page.Events)
            {
                yield return StreamEvent.At(item.Position, item.Type, item.Data);
            }

            position = page.Position;
            if (page.Events.Length < PageSize)
            {
                await log.WaitAsync(position, Poll, cancel);
            }
        }
    }

    private static Refusal Gone(long position, long head, string snapshot) => Refusal.Of(
        "events.gone",
        $"Events after position {position} are no longer kept: read {snapshot}, then this stream after {head}.",
        ("position", position),
        ("head", head),
        ("snapshot", snapshot));
}
