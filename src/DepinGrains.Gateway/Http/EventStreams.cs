using System.Collections.Concurrent;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Network;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>One event of a stream. <paramref name="Data"/> is UTF-8 JSON.</summary>
/// <param name="Id">Position to resume after, no line breaks; null = the reader's position does not move.</param>
/// <param name="Type">Name of the event; no line breaks.</param>
/// <param name="Data">The payload.</param>
public readonly record struct StreamEvent(string? Id, string Type, ReadOnlyMemory<byte> Data)
{
    /// <summary>An event at a position of the event log.</summary>
    public static StreamEvent At(long? position, string type, ReadOnlyMemory<byte> data) => new(position?.ToString(System.Globalization.CultureInfo.InvariantCulture), type, data);
}

/// <summary>Counts open streams, so that one caller cannot hold them all.</summary>
public sealed class StreamSlots(IOptions<HttpOptions> options)
{
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Streams open now, of everybody.</summary>
    public int Open => _open.Values.Sum();

    /// <summary>Writes a stream in one of the caller's slots, or the refusal when he has all of his.</summary>
    public async Task RunAsync(HttpContext context, Func<Task> stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var answer = await HoldAsync(context, async () =>
        {
            await stream();
            return Results.Empty;
        });
        await answer.ExecuteAsync(context);
    }

    /// <summary>Takes a slot; false when the caller has all of his.</summary>
    public bool TryEnter(string caller)
    {
        var max = options.Value.StreamsPerCallerMax;
        if (_open.AddOrUpdate(caller, 1, static (_, count) => count + 1) <= max)
        {
            return true;
        }

        Leave(caller);
        return false;
    }

    /// <summary>Takes a slot for as long as the work lasts, or answers that the caller has all of his.</summary>
    public async Task<IResult> HoldAsync(HttpContext context, Func<Task<IResult>> work)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(work);
        var caller = Caller.Of(context)?.Identity ?? RateLimits.AddressOf(context);
        if (!TryEnter(caller))
        {
            Problems.RetryAfter(context, TimeSpan.FromSeconds(10));
            var max = options.Value.StreamsPerCallerMax;
            return Problems.From(Refusal.Of(RequestError.StreamLimit, $"At most {max} streams and shells may be open at once; close one.", ("streamsMax", max)));
        }

        try
        {
            return await work();
        }
        finally
        {
            Leave(caller);
        }
    }

    /// <summary>Gives a slot back.</summary>
    public void Leave(string caller)
    {
        var left = _open.AddOrUpdate(caller, 0, static (_, count) => count - 1);
        if (left <= 0)
        {
            _open.TryRemove(KeyValuePair.Create(caller, left));
        }
    }
}

/// <summary>
/// Server-sent events with resume. Written by hand: the framework's result has no heartbeat on a silent stream and does not end when the host stops.
/// Where the caller may not have it any more (<see cref="StreamWatch"/>), or what it shows cannot be had, the last event is <c>ended</c> with the refusal's code and detail.
/// Sends <c>retry</c> first, a comment after every silent <see cref="HttpOptions.StreamHeartbeatSeconds"/>, <c>id</c>/<c>event</c>/<c>data</c> per event; ends when the host stops, and clients come back with Last-Event-ID.
/// </summary>
/// <param name="source">The events. Ends the stream by ending.</param>
/// <param name="still">What is asked of the caller again and again beside a good credential; null: nothing.</param>
public sealed partial class EventStreamResult(Func<CancellationToken, IAsyncEnumerable<StreamEvent>> source, Func<Caller, Refusal?>? still = null) : IResult, IContentTypeHttpResult
{
    /// <inheritdoc/>
    public string? ContentType => "text/event-stream";

    /// <summary>What a reader resumes after, as it says it: header <c>Last-Event-ID</c>, or query <c>after</c> for the first connection; empty = from now on.</summary>
    public static string Resume(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var text = context.Request.Headers["Last-Event-ID"].ToString();
        return text.Length > 0 ? text : context.Request.Query["after"].ToString();
    }

    /// <summary>The same as a position of the event log; null = from now on.</summary>
    public static Result<long?> Position(HttpContext context)
    {
        var text = Resume(context);
        return text.Length == 0
            ? new Result<long?>(null, null)
            : long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var position)
                ? (long?)position
                : Unreadable();
    }

    /// <summary>What the reader sent is no position.</summary>
    public static Refusal Unreadable() => Refusal.Of(RequestError.EventIdInvalid, "Last-Event-ID (or after) must be a position this stream gave.");

    /// <summary>A stream of events after the position the reader names (null: from now on), or the refusal of it.</summary>
    public static IResult After(HttpContext context, Func<long?, CancellationToken, IAsyncEnumerable<StreamEvent>> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var position = Position(context);
        return position.IsOk ? new EventStreamResult(cancel => source(position.Value, cancel)) : Problems.From(position.Refusal);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        await httpContext.RequestServices.GetRequiredService<StreamSlots>().RunAsync(httpContext, () => StreamAsync(httpContext));
    }

    private async Task StreamAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var response = context.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await response.Body.WriteAsync("retry: 2000\n\n"u8.ToArray(), ending.Token);
            await response.Body.FlushAsync(ending.Token);
            await PumpAsync(context, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader left or the host stops: the ordinary end of a stream.
        }
        catch (RefusalException refused) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The status line is long gone: the reason is the last event.
            await WriteAsync(response, Ended(refused.Refusal), context.RequestAborted);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            // The status line is long gone; ending the stream makes the reader come back with its position.
            LogBroken(services.GetRequiredService<ILogger<EventStreamResult>>(), problem);
        }
    }

    private async Task PumpAsync(HttpContext context, CancellationTokenSource ending)
    {
        var time = context.RequestServices.GetRequiredKeyedService<TimeProvider>(NetworkClock.TimeKey);
        var silence = TimeSpan.FromSeconds(context.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value.StreamHeartbeatSeconds);
        await using var events = source(ending.Token).GetAsyncEnumerator(ending.Token);
        var next = events.MoveNextAsync().AsTask();
        var refused = context.RequestServices.GetRequiredService<StreamWatch>().RefusedAsync(context, still, ending.Token);
        try
        {
            while (true)
            {
                if (refused.IsCompletedSuccessfully)
                {
                    await WriteAsync(context.Response, Ended(await refused), ending.Token);
                    return;
                }

                using (var wait = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
                {
                    var silent = Task.Delay(silence, time, wait.Token);
                    var first = await Task.WhenAny(next, silent, refused);
                    if (first == refused)
                    {
                        await wait.CancelAsync();
                        continue;
                    }

                    if (first == silent)
                    {
                        await silent;
                        await context.Response.Body.WriteAsync(": still here\n\n"u8.ToArray(), ending.Token);
                        await context.Response.Body.FlushAsync(ending.Token);
                        continue;
                    }

                    await wait.CancelAsync();
                }

                if (!await next)
                {
                    return;
                }

                await WriteAsync(context.Response, events.Current, ending.Token);
                next = events.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                {
                    // Nothing more at hand: what was written goes out now; a burst goes out together.
                    await context.Response.Body.FlushAsync(ending.Token);
                }
            }
        }
        finally
        {
            // An enumerator may not be disposed while it moves.
            await ending.CancelAsync();
            await next.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await refused.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static StreamEvent Ended(Refusal why) => new(null, "ended", JsonSerializer.SerializeToUtf8Bytes(new { code = why.Code, detail = why.Detail }));

    private static async Task WriteAsync(HttpResponse response, StreamEvent item, CancellationToken cancel)
    {
        var head = (item.Id is { } id ? $"id: {id}\n" : "") + $"event: {item.Type.ReplaceLineEndings(" ")}\n";
        await response.WriteAsync(head, cancel);
        var rest = item.Data;
        while (true)
        {
            // A line break inside the data would end the field: every line gets its own.
            var end = rest.Span.IndexOfAny((byte)'\n', (byte)'\r');
            await response.WriteAsync("data: ", cancel);
            await response.Body.WriteAsync(end < 0 ? rest : rest[..end], cancel);
            await response.WriteAsync("\n", cancel);
            if (end < 0)
            {
                break;
            }

            rest = rest[(end + 1)..];
        }

        await response.WriteAsync("\n", cancel);
    }

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "An event stream broke")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
