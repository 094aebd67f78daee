using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Storage.Queries;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Exceptions become problems: unreadable requests 4xx; time-outs, overload and lost state 503 with Retry-After (the outcome is unknown, the same idempotency key asks again); a caller who left is not an error; all else is a bug, 500, logged.
/// </summary>
public sealed partial class FaultHandler(IOptions<HttpOptions> options, ILogger<FaultHandler> logger) : IExceptionHandler
{
    /// <summary>Exceptions of the runtime and the store that mean "ask again", by type name: the gateway also compiles where Orleans is not.</summary>
    private static readonly HashSet<string> Transient = new(StringComparer.Ordinal)
    {
        "SiloUnavailableException", "OrleansMessageRejectionException", "ConnectionFailedException", "ClusterMembershipUpdateException", "StateLostException", "StoreUnavailableException",
        "GrainExtensionNotInstalledException", "ConnectionAbortedException", "LedgerUnknownException",
    };

    private static readonly HashSet<string> Overload = new(StringComparer.Ordinal)
    {
        "GatewayTooBusyException", "LimitExceededException", "StoreOverloadedException", "LedgerOverloadedException",
    };

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        ArgumentNullException.ThrowIfNull(exception);
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var (refusal, status) = Translate(exception);
        if (refusal is null)
        {
            LogUnhandled(logger, exception, httpContext.Request.Method, EndpointOf(httpContext));
            refusal = Refusal.Of(RequestError.Internal, "Something broke on our side; the trace id finds it in our logs.");
        }
        else if (status >= 500)
        {
            LogTransient(logger, exception, refusal.Code, EndpointOf(httpContext));
            Problems.RetryAfter(httpContext, TimeSpan.FromSeconds(options.Value.RetryAfterSeconds));
        }

        await Problems.WriteAsync(httpContext, refusal, status);
        return true;
    }

    /// <summary>Where it broke; the exception handler has taken the endpoint off the request by now.</summary>
    private static string EndpointOf(HttpContext context) => (context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint())?.DisplayName ?? "no endpoint";

    private (Refusal? Refusal, int? Status) Translate(Exception exception)
    {
        for (var problem = exception; problem is not null; problem = problem.InnerException)
        {
            if (problem is RefusalException refused)
            {
                return (refused.Refusal, null);
            }

            if (problem is BadHttpRequestException bad)
            {
                return (Unreadable(bad), bad.StatusCode);
            }

            if (problem is JsonException json)
            {
                return (Json(json), 400);
            }

            if (problem is InvalidCursorException)
            {
                return (Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this list gave."), null);
            }

            var name = problem.GetType().Name;
            if (Overload.Contains(name))
            {
                return (Refusal.Of(RequestError.Overloaded, "The service is overloaded; ask again with the same idempotency key."), 503);
            }

            if (problem is TimeoutException or OperationCanceledException || Transient.Contains(name))
            {
                return (Refusal.Of(RequestError.Unavailable, "The service did not answer in time; what became of the request is unknown. Ask again with the same idempotency key."), 503);
            }
        }

        return (null, 500);
    }

    private Refusal Unreadable(BadHttpRequestException bad) => bad.StatusCode switch
    {
        413 => Refusal.Of(RequestError.BodyTooLarge, $"The body may have at most {options.Value.BodyBytesMax} bytes.", ("bytesMax", options.Value.BodyBytesMax)),
        415 => Refusal.Of(RequestError.UnsupportedMediaType, "The body must be application/json."),
        _ when bad.InnerException is JsonException json => Json(json),
        // The framework's sentence names the parameter, never the value of a header or our types' internals beyond the parameter's.
        _ => Refusal.Of(RequestError.Malformed, bad.Message),
    };

    private static Refusal Json(JsonException json) => Refusal.Of(
        RequestError.Malformed,
        $"The JSON cannot be read at {json.Path ?? "$"} (line {(json.LineNumber ?? 0) + 1}, byte {json.BytePositionInLine ?? 0}).",
        ("path", json.Path ?? "$"),
        ("line", (json.LineNumber ?? 0) + 1),
        ("byte", json.BytePositionInLine ?? 0));

    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "Unhandled exception in {Method} {Endpoint}")]
    private static partial void LogUnhandled(ILogger logger, Exception exception, string method, string endpoint);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Warning, Message = "Answered {Code} in {Endpoint}")]
    private static partial void LogTransient(ILogger logger, Exception exception, string code, string endpoint);
}
