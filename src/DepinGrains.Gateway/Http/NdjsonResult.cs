using System.Buffers;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>Counts the lists in lines that this gateway writes: each reads the store, and some keep a connection of it, for as long as its reader takes.</summary>
public sealed class ExportSlots(IOptions<HttpOptions> options)
{
    private int _open;

    /// <summary>Lists under way.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Takes a slot, or answers that none is free.</summary>
    public Refusal? Enter()
    {
        var max = options.Value.ExportsMax;
        if (Interlocked.Increment(ref _open) <= max)
        {
            return null;
        }

        Leave();
        return Refusal.Of(RequestError.ExportLimit, $"This gateway writes {max} exports already, at most as many as it may at once; ask again when one is done.", ("exportsMax", max));
    }

    /// <summary>Gives it back.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);
}

/// <summary>
/// JSON, one value a line, written as fast as the reader takes it and no faster. What fails before the first line is a problem; what fails later breaks the connection off, so that nobody takes a part for the whole. So does
/// a caller who may not read it any more (<see cref="StreamWatch"/>): when he asks again he is told why. Counted as one of the caller's open streams, and as one of the gateway's exports (<see cref="ExportSlots"/>).
/// </summary>
/// <param name="lines">The values.</param>
/// <param name="still">What is asked of the caller again and again beside a good credential; null: nothing.</param>
public sealed partial class NdjsonResult<T>(Func<CancellationToken, IAsyncEnumerable<T>> lines, Func<Caller, Refusal?>? still = null) : IResult, IContentTypeHttpResult
{
    private const int FlushBytes = 32 * 1024;
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string? ContentType => "application/x-ndjson";

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return httpContext.RequestServices.GetRequiredService<StreamSlots>().RunAsync(httpContext, () => InSlotAsync(httpContext));
    }

    private async Task InSlotAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var slots = services.GetRequiredService<ExportSlots>();
        if (slots.Enter() is { } full)
        {
            Problems.RetryAfter(context, Busy);
            await Problems.From(full).ExecuteAsync(context);
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        var refused = WatchAsync(context, ending);
        try
        {
            await WriteAsync(context, refused, ending);
        }
        finally
        {
            slots.Leave();
            await ending.CancelAsync();
            await refused;
        }
    }

    /// <summary>Ends the list when its reader may not have it any more; null: it ended before.</summary>
    private async Task<Refusal?> WatchAsync(HttpContext context, CancellationTokenSource ending)
    {
        try
        {
            var refusal = await context.RequestServices.GetRequiredService<StreamWatch>().RefusedAsync(context, still, ending.Token);
            await ending.CancelAsync();
            return refusal;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task WriteAsync(HttpContext context, Task<Refusal?> refused, CancellationTokenSource ending)
    {
        await using var items = lines(ending.Token).GetAsyncEnumerator(ending.Token);
        var next = items.MoveNextAsync().AsTask();
        try
        {
            await next;
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && refused.IsCompletedSuccessfully && refused.Result is not null)
        {
            throw new RefusalException(refused.Result);
        }

        var json = context.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            var (body, unsent) = (context.Response.BodyWriter, 0);
            while (await next)
            {
                var line = JsonSerializer.SerializeToUtf8Bytes(items.Current, json);
                body.Write(line);
                body.Write("\n"u8);
                unsent += line.Length + 1;
                next = items.MoveNextAsync().AsTask();
                if (unsent >= FlushBytes || !next.IsCompleted)
                {
                    // Also when nothing more is at hand: the reader of a slow list sees what there is.
                    await body.FlushAsync(ending.Token);
                    unsent = 0;
                }
            }

            await body.FlushAsync(ending.Token);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            await BreakOffAsync(context, refused, problem, ending.IsCancellationRequested);

            // An enumerator may not be disposed while it moves.
            await ending.CancelAsync();
            await next.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task BreakOffAsync(HttpContext context, Task<Refusal?> refused, Exception problem, bool ending)
    {
        var log = context.RequestServices.GetRequiredService<ILogger<NdjsonResult<T>>>();
        if (!ending)
        {
            LogBroken(log, problem);
        }
        else if (refused.IsCompleted && await refused is { } refusal)
        {
            LogEnded(log, Caller.Of(context)?.Identity, refusal.Code);
        }

        context.Abort();
    }

    [LoggerMessage(EventId = 4005, Level = LogLevel.Warning, Message = "A list in lines broke off")]
    private static partial void LogBroken(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 4006, Level = LogLevel.Warning, Message = "A list in lines was broken off: {Caller} may not read it any more ({Code})")]
    private static partial void LogEnded(ILogger logger, string? caller, string code);
}
