using System.Collections.Concurrent;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Network;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>One event of a stream. <paramref name="Data"/> is UTF-8 JSON.</summary>
/// <param name="Id">Position to resume after; null = the reader's position does not move.</param>
/// <param name="Type">Name of the event; no line breaks.</param>
/// <param name="Data">The payload.</param>
public readonly record struct StreamEvent(long? Id, string Type, ReadOnlyMemory<byte> Data);

/// <summary>Counts open streams, so that one caller cannot hold them all.</summary>
public sealed class StreamSlots(IOptions<HttpOptions> options)
{
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Streams open now, of everybody.</summary>
    public int Open => _open.Values.Sum();

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
/// Sends <c>retry</c> first, a comment after every silent <see cref="HttpOptions.StreamHeartbeatSeconds"/>, <c>id</c>/<c>event</c>/<c>data</c> per event; ends when the host stops, and clients come back with Last-Event-ID.
/// </summary>
/// <param name="source">Events after a position (null: from now on). Ends the stream by ending.</param>
public sealed partial class EventStreamResult(Func<long?, CancellationToken, IAsyncEnumerable<StreamEvent>> source) : IResult, IContentTypeHttpResult
{
    /// <inheritdoc/>
    public string? ContentType => "text/event-stream";

    /// <summary>The position a reader resumes after: header <c>Last-Event-ID</c>, or query <c>after</c> for the first connection; null = from now on.</summary>
    public static Result<long?> Position(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var text = context.Request.Headers["Last-Event-ID"].ToString();
        text = text.Length > 0 ? text : context.Request.Query["after"].ToString();
        return text.Length == 0
            ? new Result<long?>(null, null)
            : long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var position)
                ? (long?)position
                : Refusal.Of(RequestError.EventIdInvalid, "Last-Event-ID (or after) must be a position this stream gave.");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var services = httpContext.RequestServices;
        var position = Position(httpContext);
        if (!position.IsOk)
        {
            await Problems.WriteAsync(httpContext, position.Refusal);
            return;
        }

        var slots = services.GetRequiredService<StreamSlots>();
        var caller = Caller.Of(httpContext)?.Identity ?? RateLimits.AddressOf(httpContext);
        if (!slots.TryEnter(caller))
        {
            var max = services.GetRequiredService<IOptions<HttpOptions>>().Value.StreamsPerCallerMax;
            Problems.RetryAfter(httpContext, TimeSpan.FromSeconds(10));
            await Problems.WriteAsync(httpContext, Refusal.Of(RequestError.StreamLimit, $"At most {max} event streams may be open at once; close one.", ("streamsMax", max)));
            return;
        }

        try
        {
            await StreamAsync(httpContext, position.Value);
        }
        finally
        {
            slots.Leave(caller);
        }
    }

    private async Task StreamAsync(HttpContext context, long? position)
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
            await PumpAsync(context, position, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader left or the host stops: the ordinary end of a stream.
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            // The status line is long gone; ending the stream makes the reader come back with its position.
            LogBroken(services.GetRequiredService<ILogger<EventStreamResult>>(), problem);
        }
    }

    private async Task PumpAsync(HttpContext context, long? position, CancellationTokenSource ending)
    {
        var time = context.RequestServices.GetRequiredKeyedService<TimeProvider>(NetworkClock.TimeKey);
        var silence = TimeSpan.FromSeconds(context.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value.StreamHeartbeatSeconds);
        await using var events = source(position, ending.Token).GetAsyncEnumerator(ending.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                using (var wait = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
                {
                    var silent = Task.Delay(silence, time, wait.Token);
                    if (await Task.WhenAny(next, silent) == silent)
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
            await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task WriteAsync(HttpResponse response, StreamEvent item, CancellationToken cancel)
    {
        var head = (item.Id is { } id ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"id: {id}\n") : "") + $"event: {item.Type.ReplaceLineEndings(" ")}\n";
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
