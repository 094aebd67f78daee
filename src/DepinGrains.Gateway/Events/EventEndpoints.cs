using System.Runtime.CompilerServices;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Storage.Events;

namespace DepinGrains.Gateway.Events;

/// <summary><c>/v1/events</c>: what happens, as server-sent events with resume. Topics <c>market</c>, <c>network</c> and <c>subnet/{netuid}</c> are public; <c>deployment/{id}</c>, <c>provider/{id}</c> and <c>identity/{id}</c> are for their owners.</summary>
public static class EventEndpoints
{
    private const int PageSize = 256;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>Maps the endpoints.</summary>
    public static void MapEventEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/events", Stream).AllowAnonymous().WithTags("Events").WithName("streamEvents").WithSummary("Server-sent events of one topic; resume with Last-Event-ID");

    /// <summary>The stream.</summary>
    public static IResult Stream(HttpContext context, IEventLog log, string topic = "market")
    {
        if (topic is not ("market" or "network") && Caller.Of(context) is not { } && !topic.StartsWith("node/", StringComparison.Ordinal) && !topic.StartsWith("subnet/", StringComparison.Ordinal))
        {
            return Problems.From(Refusal.Of(RequestError.Unauthenticated, "This topic needs a token or an API key."));
        }

        if (OwnerOf(topic) is { } owner && Caller.Of(context)?.OwnerOnly(owner) is { } foreign)
        {
            return Problems.From(foreign);
        }

        return new EventStreamResult((after, cancel) => ReadAsync(log, topic, after, cancel));
    }

    private static string? OwnerOf(string topic)
    {
        var parts = topic.Split('/');
        return parts is [("deployment" or "provider" or "identity"), var owner, ..] ? owner : null;
    }

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(IEventLog log, string topic, long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        var position = after ?? await log.HeadAsync(cancel);
        while (!cancel.IsCancellationRequested)
        {
            var page = await log.ReadAsync(position, topic, PageSize, cancel);
            if (page.Gone)
            {
                yield return new StreamEvent(null, "gone", Encoding.UTF8.GetBytes($$"""{"code":"events.gone","detail":"position {{position}} is older than what is kept; read the lists and start again","head":{{page.Position}}}"""));
                yield break;
            }

            foreach (var item in page.Events)
            {
                yield return new StreamEvent(item.Position, item.Type, item.Data);
            }

            position = page.Position;
            if (page.Events.Length < PageSize)
            {
                await log.WaitAsync(position, Poll, cancel);
            }
        }
    }
}
