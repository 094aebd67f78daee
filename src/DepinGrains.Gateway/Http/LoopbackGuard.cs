using System.Net;
using DepinGrains.Contracts.Common;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// What keeps a service bound to loopback private: a name that resolves here (DNS rebinding) shows in Host, a foreign web page in Origin or Sec-Fetch-Site; all are refused. Programs send no Origin and pass.
/// </summary>
public sealed class LoopbackGuard(RequestDelegate next, IOptions<HttpOptions> options)
{
    /// <summary>Runs the check.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return options.Value.LoopbackOnly && Refuse(context.Request) is { } refusal ? Problems.WriteAsync(context, refusal) : next(context);
    }

    /// <summary>Refuses a request that does not come from this machine's own pages or programs.</summary>
    public static Refusal? Refuse(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!IsLoopback(request.Host.Host))
        {
            return Refusal.Of(RequestError.HostNotAllowed, "This service answers only on this machine's own names: localhost, 127.0.0.1, [::1].");
        }

        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !IsOwnOrigin(origin, request))
        {
            return Refusal.Of(RequestError.OriginNotAllowed, "Pages of other sites may not call this service.");
        }

        // A cross-site navigation to a page is harmless; anything that changes state is not.
        return request.Headers["Sec-Fetch-Site"] == "cross-site" && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)
            ? Refusal.Of(RequestError.OriginNotAllowed, "Pages of other sites may not call this service.")
            : null;
    }

    private static bool IsOwnOrigin(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https") && IsLoopback(uri.Host)
        && uri.Port == (request.Host.Port ?? (request.IsHttps ? 443 : 80));

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.StartsWith('[') ? host.Trim('[', ']') : host, out var address) && IPAddress.IsLoopback(address));
}
