using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// JSON, one value a line, written as fast as the reader takes it and no faster. What fails before the first line is a problem; what fails later breaks the connection off, so that nobody takes a part for the whole.
/// Counted as one of the caller's open streams.
/// </summary>
public sealed partial class NdjsonResult<T>(Func<CancellationToken, IAsyncEnumerable<T>> lines) : IResult, IContentTypeHttpResult
{
    private const int FlushBytes = 32 * 1024;

    /// <inheritdoc/>
    public string? ContentType => "application/x-ndjson";

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return httpContext.RequestServices.GetRequiredService<StreamSlots>().RunAsync(httpContext, () => WriteAsync(httpContext));
    }

    private async Task WriteAsync(HttpContext context)
    {
        var services = context.RequestServices;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        await using var items = lines(ending.Token).GetAsyncEnumerator(ending.Token);
        var any = await items.MoveNextAsync();
        var json = services.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            var (body, unsent) = (context.Response.BodyWriter, 0);
            for (; any; any = await items.MoveNextAsync())
            {
                var line = JsonSerializer.SerializeToUtf8Bytes(items.Current, json);
                body.Write(line);
                body.Write("\n"u8);
                unsent += line.Length + 1;
                if (unsent >= FlushBytes)
                {
                    await body.FlushAsync(ending.Token);
                    unsent = 0;
                }
            }

            await body.FlushAsync(ending.Token);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            if (!ending.IsCancellationRequested)
            {
                LogBroken(services.GetRequiredService<ILogger<NdjsonResult<T>>>(), problem);
            }

            context.Abort();
        }
    }

    [LoggerMessage(EventId = 4004, Level = LogLevel.Warning, Message = "A list in lines broke off")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
