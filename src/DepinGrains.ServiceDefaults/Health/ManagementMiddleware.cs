using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DepinGrains.ServiceDefaults.Health;

/// <summary>
/// Answers what comes in on the management port, and nothing else does: <c>/health/startup</c> (200 once everything was started), <c>/health/ready</c> (200 while new work is welcome here),
/// <c>/health/live</c> (200 as long as the process can answer; asks no store, no silo, no grain, since a restart would mend none of them). 503 with a word of why otherwise.
/// <c>/health</c>: 200 with <c>status</c> (<c>healthy</c>, or the word of why not) and <c>runtime</c>. <c>/metrics</c>: Prometheus' text format. None of it counts among the API's requests: a probe's 503 is no caller's.
/// </summary>
public sealed class ManagementMiddleware(RequestDelegate next, HostLife life, MetricsPage metrics, ManagementAddress address)
{
    /// <summary>Serves a request of the management port, hands on the others.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Connection.LocalPort != address.Port)
        {
            return next(context);
        }

        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } counted)
        {
            counted.MetricsDisabled = true;
        }

        if (!address.Serves(context.Request.Host.Host))
        {
            // A page in a browser of this machine that makes its own name point here.
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return Task.CompletedTask;
        }

        // By the path's text: no routing has run, and none of the API's may answer here.
        return context.Request.Path.Value switch
        {
            "/health" => context.Response.WriteAsJsonAsync(new HealthView(life.NotReady ?? "healthy", HostExtensions.Runtime)),
            "/health/startup" => AnswerAsync(context, life.Started ? null : "starting"),
            "/health/ready" => AnswerAsync(context, life.NotReady),
            "/health/live" => AnswerAsync(context, null),
            "/metrics" => MetricsAsync(context),
            _ => NotFoundAsync(context),
        };
    }

    private static Task AnswerAsync(HttpContext context, string? problem)
    {
        context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync((problem ?? "ok") + "\n");
    }

    private Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusText.ContentType;
        return context.Response.WriteAsync(metrics.Collect());
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
