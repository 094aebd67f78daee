using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Refuses a body that says it is too large before anybody looks at it. One not much too large is read to its end first: a client that is still writing when the connection closes sees a broken pipe, and never the answer
/// that tells it what is wrong.
/// </summary>
internal sealed class OversizedBodies(RequestDelegate next, IOptions<HttpOptions> options)
{
    private const long ReadTimesMax = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task InvokeAsync(HttpContext context)
    {
        var max = options.Value.BodyBytesMax;
        if (context.Request.ContentLength is not { } length || length <= max)
        {
            await next(context);
            return;
        }

        // Who asked first (Expect) waits for the answer and sends nothing.
        if (length <= max * ReadTimesMax && context.Request.Headers.Expect.Count == 0 && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = length;
            await ReadToEndAsync(context);
        }

        throw new BadHttpRequestException($"a body of {length} bytes, at most {max} are read", StatusCodes.Status413PayloadTooLarge);
    }

    private static async Task ReadToEndAsync(HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            for (var done = false; !done;)
            {
                var read = await context.Request.BodyReader.ReadAsync(patience.Token);
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                done = read.IsCompleted;
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // Too slow: it gets its answer as it is.
        }
    }
}
