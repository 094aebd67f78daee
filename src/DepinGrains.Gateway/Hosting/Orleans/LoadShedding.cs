using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Refuses at the door what could only wait: everything while no silo can be reached, and what comes beyond the requests that may be in flight.</summary>
internal sealed class LoadShedding(RequestDelegate next, SilosConnection silos, IOptions<GatewayOptions> options, IOptions<HttpOptions> http)
{
    private readonly int _max = options.Value.RequestsInFlightMax;
    private readonly TimeSpan _retryAfter = TimeSpan.FromSeconds(http.Value.RetryAfterSeconds);
    private int _inFlight;

    public async Task InvokeAsync(HttpContext context)
    {
        if (silos.Away)
        {
            await RefuseAsync(context, Refusal.Of(RequestError.Unavailable, "No silo can be reached now; nothing was done. Ask again."));
            return;
        }

        var place = new Place(this);
        try
        {
            if (Volatile.Read(ref _inFlight) > _max)
            {
                await RefuseAsync(context, Refusal.Of(RequestError.Overloaded, $"This gateway works on {_max} requests, the most it takes; nothing was done. Ask again.", ("max", _max)));
                return;
            }

            context.Response.OnStarting(
                static state =>
                {
                    var (response, place) = ((HttpResponse, Place))state;
                    if (response.StatusCode == StatusCodes.Status101SwitchingProtocols || response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) is true)
                    {
                        place.Leave();
                    }

                    return Task.CompletedTask;
                },
                (context.Response, place));
            await next(context);
        }
        finally
        {
            place.Leave();
        }
    }

    private Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        Problems.RetryAfter(context, _retryAfter);
        return Problems.WriteAsync(context, refusal, StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>One request's place; given back once, by its end or by its turning into a stream.</summary>
    private sealed class Place
    {
        private LoadShedding? _of;

        public Place(LoadShedding of)
        {
            _of = of;
            Interlocked.Increment(ref of._inFlight);
        }

        public void Leave()
        {
            if (Interlocked.Exchange(ref _of, null) is { } of)
            {
                Interlocked.Decrement(ref of._inFlight);
            }
        }
    }
}
