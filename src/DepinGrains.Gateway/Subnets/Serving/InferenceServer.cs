using System.Buffers;
using System.Collections.Concurrent;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>From bytes to a request that can be served: one caller's share of this process, the body's bound, the protocol's rules.</summary>
public sealed class InferenceServer(InferenceProxy proxy, AnswerMemory memory, IOptions<ServingOptions> options, IOptions<HttpOptions> http)
{
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Answers a request of one kind.</summary>
    public async Task ServeAsync(HttpContext context, Caller caller, InferenceKind kind)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(caller);
        if (!TryEnter(caller.Identity))
        {
            var max = options.Value.RequestsPerCallerMax;
            await Problems.WriteAsync(context, Refusal.Of(ServingErrors.TooMany, $"You have {max} requests open, the most there may be.", ("max", max)), StatusCodes.Status429TooManyRequests);
            return;
        }

        try
        {
            var request = InferenceRequestReader.Read(kind, await ReadAsync(context, options.Value.PromptBytesMax), options.Value.Limits);
            if (request.IsOk)
            {
                await ServeAsync(context, caller, request.Value);
            }
            else
            {
                await Problems.WriteAsync(context, request.Refusal);
            }
        }
        finally
        {
            Leave(caller.Identity);
        }
    }

    private async Task ServeAsync(HttpContext context, Caller caller, InferenceRequest request)
    {
        var bytes = request.Stream ? 0 : request.AnswerBytes(options.Value.AnswerBytesMax);
        if (memory.TryTake(caller.Identity, bytes) is { } refused)
        {
            Problems.RetryAfter(context, TimeSpan.FromSeconds(http.Value.RetryAfterSeconds));
            await Problems.WriteAsync(context, refused, refused.Code == ServingErrors.CallerMemory ? StatusCodes.Status429TooManyRequests : null);
            return;
        }

        try
        {
            await proxy.ServeAsync(context, caller.Identity, request);
        }
        finally
        {
            memory.GiveBack(caller.Identity, bytes);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, int max)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body must be application/json.", StatusCodes.Status415UnsupportedMediaType);
        }

        if (context.Request.ContentLength > max)
        {
            throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
        }

        // It gathers in the server's own buffers, as far as it came: what a caller only announces costs nothing.
        var reader = context.Request.BodyReader;
        while (true)
        {
            var part = await reader.ReadAsync(context.RequestAborted);
            if (part.Buffer.Length > max)
            {
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            }

            if (part.IsCompleted)
            {
                var body = part.Buffer.ToArray();
                reader.AdvanceTo(part.Buffer.End);
                return body;
            }

            reader.AdvanceTo(part.Buffer.Start, part.Buffer.End);
        }
    }

    private bool TryEnter(string caller)
    {
        if (_open.AddOrUpdate(caller, 1, static (_, count) => count + 1) <= options.Value.RequestsPerCallerMax)
        {
            return true;
        }

        Leave(caller);
        return false;
    }

    private void Leave(string caller)
    {
        var left = _open.AddOrUpdate(caller, 0, static (_, count) => count - 1);
        if (left <= 0)
        {
            _open.TryRemove(KeyValuePair.Create(caller, left));
        }
    }
}
